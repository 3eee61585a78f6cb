import { createHash, randomBytes } from 'node:crypto';
import { checkSize } from '../budget.ts';
import { define } from '../functions.ts';
import { jsonText } from '../json-text.ts';
import { type Dict, isTrue, setKey } from '../kinds.ts';
import { own } from '../methods.ts';
import { toIndex } from '../numbers.ts';
import { str } from '../python-text.ts';
import { shaCrypt } from '../sha-crypt.ts';
import { TemplateError } from '../values.ts';
import { readYaml, yamlText } from '../yaml-text.ts';

/** Filters between values and their written forms. */
export const dataFilters = {
  to_json: define(
    'indent sort_keys ensure_ascii',
    (value: unknown, indent?: unknown, sortKeys?: unknown, ascii?: unknown) =>
      jsonText(value, { indent: optionalIndex(indent), sortKeys: sortKeys === true, ascii: ascii !== false }),
  ),
  tojson: define('indent', (value: unknown, indent?: unknown) =>
    jsonText(value, { indent: optionalIndex(indent), sortKeys: true }).replace(
      /[<>&']/g,
      (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`,
    ),
  ),
  to_nice_json: define(
    'indent sort_keys ensure_ascii',
    (value: unknown, indent: unknown = 4, sortKeys: unknown = true, ascii?: unknown) =>
      jsonText(value, { indent: toIndex(indent, 'indent'), sortKeys: sortKeys !== false, ascii: ascii !== false }),
  ),
  from_json: define('', fromJson),
  to_yaml: define(
    'indent width sort_keys',
    (value: unknown, indent: unknown = 2, _width?: unknown, sortKeys: unknown = true) =>
      yamlText(value, yamlStyle(indent, sortKeys, true)),
  ),
  to_nice_yaml: define(
    'indent width sort_keys',
    (value: unknown, indent: unknown = 4, _width?: unknown, sortKeys: unknown = true) =>
      yamlText(value, yamlStyle(indent, sortKeys, false)),
  ),
  from_yaml: define('', (value: unknown) => (typeof value === 'string' ? (readYaml(value)[0] ?? null) : value)),
  from_yaml_all: define('', (value: unknown) => (typeof value === 'string' ? own(readYaml(value)) : value)),
  b64encode: define('encoding', (value: unknown, encoding?: unknown) =>
    Buffer.from(str(value), encodingOf(encoding)).toString('base64'),
  ),
  b64decode: define('encoding', (value: unknown, encoding?: unknown) =>
    Buffer.from(str(value), 'base64').toString(encodingOf(encoding)),
  ),
  hash: define('hashtype', (value: unknown, type: unknown = 'sha1') => digest(str(type), value)),
  checksum: define('', (value: unknown) => digest('sha1', value)),
  sha1: define('', (value: unknown) => digest('sha1', value)),
  md5: define('', (value: unknown) => digest('md5', value)),
  password_hash: define(
    'hashtype salt salt_size rounds',
    (value: unknown, type: unknown = 'sha512', salt?: unknown, size?: unknown, rounds?: unknown) =>
      hashPassword(str(value), str(type), salt, size, rounds),
  ),
  to_uuid: define('namespace', (value: unknown, namespace: unknown = '361E6D51-FAEC-444A-9079-341386DA8E2E') =>
    uuid5(str(value), str(namespace)),
  ),
  urlsplit: define('query', urlSplit),
};

function optionalIndex(value: unknown): number | undefined {
  return value === undefined || value === null ? undefined : toIndex(value, 'indent');
}

function fromJson(value: unknown): unknown {
  const text = str(value);
  checkSize(text.length);
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    const shown = text.length > 40 ? `${text.slice(0, 40)}…` : text;
    throw new TemplateError(
      `from_json: ${JSON.stringify(shown)} is not JSON: ${error instanceof Error ? error.message : ''}`,
    );
  }
}

function yamlStyle(indent: unknown, sortKeys: unknown, flowLeaves: boolean) {
  return { indent: toIndex(indent, 'indent'), sortKeys: isTrue(sortKeys), flowLeaves };
}

function encodingOf(name: unknown): BufferEncoding {
  const encoding = name === undefined ? 'utf8' : str(name).toLowerCase().replace('-', '').replace('latin_1', 'latin1');
  if (encoding === 'utf8' || encoding === 'latin1' || encoding === 'ascii' || encoding === 'utf16le') return encoding;
  throw new TemplateError(`the encoding '${str(name)}' is not supported`);
}

const digests = new Set(['md5', 'sha1', 'sha224', 'sha256', 'sha384', 'sha512']);

function digest(type: string, value: unknown): string {
  if (!digests.has(type)) throw new TemplateError(`hash: '${type}' is not one of ${[...digests].join(', ')}`);
  return createHash(type).update(str(value)).digest('hex');
}

function uuid5(name: string, namespace: string): string {
  const space = namespace.replaceAll('-', '');
  if (!/^[\da-f]{32}$/i.test(space)) throw new TemplateError(`to_uuid: the namespace '${namespace}' is no UUID`);
  const bytes = createHash('sha1').update(Buffer.from(space, 'hex')).update(name).digest().subarray(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x50;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

function urlSplit(value: unknown, query: unknown = ''): unknown {
  const form = /^(?:([A-Za-z][\w+.-]*):)?(?:\/\/([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/s.exec(str(value));
  const [, scheme = '', netloc = '', path = '', search = '', fragment = ''] = form ?? [];
  const [, username, password, hostname, port] =
    /^(?:([^:@]*)(?::([^@]*))?@)?(\[[^\]]*\]|[^:]*)(?::(\d+))?$/.exec(netloc) ?? [];
  const parts: Dict = {};
  const all = {
    fragment,
    netloc,
    path,
    query: search,
    scheme: scheme.toLowerCase(),
    username: username ?? null,
    password: password ?? null,
  };
  for (const [key, part] of Object.entries(all)) setKey(parts, key, part);
  parts.hostname = hostname === undefined || hostname === '' ? null : hostname.toLowerCase().replace(/^\[|\]$/g, '');
  parts.port = port === undefined ? null : Number(port);
  if (query === '') return own(parts);
  const part = parts[str(query)];
  if (part === undefined) throw new TemplateError(`urlsplit: there is no part '${str(query)}'`);
  return part;
}

/** Without a salt the result differs each time, so that a task which uses it is never unchanged. */
function hashPassword(password: string, type: string, salt: unknown, size: unknown = 16, rounds?: unknown): string {
  if (type !== 'sha256' && type !== 'sha512')
    throw new TemplateError("password_hash: only 'sha256' and 'sha512' are supported");
  const random = () => randomBytes(16).toString('base64').replaceAll('+', '.').slice(0, toIndex(size, 'salt_size'));
  const used = salt === undefined || salt === null ? random() : str(salt);
  return shaCrypt(
    type,
    password,
    used,
    rounds === undefined || rounds === null ? undefined : toIndex(rounds, 'rounds'),
  );
}
