import { isIP } from 'node:net';
import { canonicalAddress } from '../address.ts';
import { define } from '../functions.ts';
import { own } from '../methods.ts';
import { toIndex } from '../numbers.ts';
import { str } from '../python-text.ts';
import { TemplateError } from '../values.ts';

/** The part of `ansible.utils.ipaddr` that most playbooks use: what is no address is false, or left out of a list. */
export const addressFilters = {
  ipaddr: define('query', (value: unknown, query: unknown = '') => perAddress(value, str(query), [4, 6])),
  ipv4: define('query', (value: unknown, query: unknown = '') => perAddress(value, str(query), [4])),
  ipv6: define('query', (value: unknown, query: unknown = '') => perAddress(value, str(query), [6])),
  ipwrap: define('', (value: unknown) => (isIP(str(value)) === 6 ? `[${str(value)}]` : value)),
};

function perAddress(value: unknown, query: string, versions: readonly number[]): unknown {
  if (!Array.isArray(value)) return answer(value, query, versions);
  return own(value.map((item) => answer(item, query, versions)).filter((item) => item !== false));
}

function answer(value: unknown, query: string, versions: readonly number[]): unknown {
  const [address = '', length] = typeof value === 'string' ? value.split('/') : [];
  const version = isIP(address);
  const longest = version === 4 ? 32 : 128;
  if (!versions.includes(version) || (length !== undefined && !isLength(length, longest))) return false;
  const canonical = canonicalAddress(address);
  if (query === '') return length === undefined ? canonical : `${canonical}/${length}`;
  if (query === 'address') return canonical;
  if (query === 'version') return version;
  if (query === 'prefix') return length === undefined ? longest : toIndex(Number(length), 'the prefix');
  throw new TemplateError(`ipaddr: the query '${query}' is not supported, only address, prefix and version`);
}

function isLength(text: string, longest: number): boolean {
  return /^\d{1,3}$/.test(text) && Number(text) <= longest;
}
