import { InputError } from '../../errors/errors.ts';
import { loginOf } from '../../modules/declared-nodes.ts';
import type { NodeAccess } from '../../redis/node/contract.ts';
import { mask } from '../terminal.ts';

type Certificates = NonNullable<NodeAccess['tls']>;

/**
 * How the nodes are logged in to, by the variables that the shipped playbooks use. While a secret is rotated the previous one is
 * accepted everywhere, and certificates of both authorities are trusted. Throws InputError for a variable of another shape.
 */
export function loginIn(
  lookup: (name: string) => unknown,
  given: { readonly redisPassword: string | undefined },
): Pick<NodeAccess, 'auth' | 'tls'> {
  const text = (name: string): string | undefined => {
    const value = lookup(name);
    return value === undefined || value === null || value === '' ? undefined : String(value);
  };
  const [current, previous] = [certificatesIn(lookup, 'redis_tls'), certificatesIn(lookup, 'redis_tls_previous')];
  const password = text('redis_password_previous') ?? text('redis_password') ?? given.redisPassword;
  for (const secret of [password, current?.key, previous?.key]) if (secret !== undefined) mask.add(secret);
  const authorities = [current?.ca, previous?.ca].filter((ca) => ca !== undefined);
  const tls = current && { ...current, ...previous, ...(authorities.length > 0 && { ca: authorities.join('\n') }) };
  return loginOf({ username: text('redis_username'), password, tls });
}

function certificatesIn(lookup: (name: string) => unknown, name: string): Certificates | undefined {
  const value = lookup(name);
  if (value === undefined || value === null) return undefined;
  const parts = typeof value === 'object' && !Array.isArray(value) ? Object.entries(value) : [['', undefined]];
  const wrong = parts.find(([key, part]) => !NAMES.includes(String(key)) || typeof part !== 'string');
  if (wrong) {
    throw new InputError([
      {
        severity: 'error',
        code: 'tls',
        message: `${name} is a map of PEM texts (${NAMES.join(', ')})${wrong[0] ? `, not of '${wrong[0]}'` : ''}`,
        hint: "a file's text is lookup('file', PATH)",
      },
    ]);
  }
  return Object.fromEntries(parts) as Certificates;
}

const NAMES = ['ca', 'cert', 'key', 'servername'];
