import type { NodeAccess, RespValue } from './contract.ts';

/** Commands as RESP2, which 4.0 understands too, in one piece. */
export function encodeCommands(commands: readonly (readonly string[])[], encoding: Encoding = 'utf8'): string {
  let text = '';
  for (const words of commands) {
    text += `*${words.length}\r\n`;
    for (const word of words) text += `$${Buffer.byteLength(word, encoding)}\r\n${word}\r\n`;
  }
  return text;
}

export function inCapitals(renamed: NodeAccess['renamed']): NodeAccess['renamed'] {
  return renamed && Object.fromEntries(Object.entries(renamed).map(([name, there]) => [name.toUpperCase(), there]));
}

/** The command under the name that this server has for it. */
export function calledThere(words: readonly string[], renamed: NodeAccess['renamed']): readonly string[] {
  const [command = '', ...rest] = words;
  const name = renamed?.[command.toUpperCase()];
  return name === undefined ? words : [name, ...rest];
}

export type Encoding = NonNullable<NodeAccess['encoding']>;

export function loginCommand({ auth }: NodeAccess): readonly string[] | undefined {
  if (!auth) return undefined;
  return auth.username === undefined ? ['AUTH', auth.password] : ['AUTH', auth.username, auth.password];
}

/** What the parser gives for a reply, with errors as values. */
export function plainReply(value: unknown): RespValue {
  if (value instanceof Error) return { error: withoutArguments(value.message) };
  if (Array.isArray(value)) return value.map(plainReply);
  if (Buffer.isBuffer(value)) return value.toString('latin1');
  if (typeof value === 'string' || typeof value === 'number' || value === null) return value;
  return String(value);
}

/** A server that does not know a command repeats its arguments, which may be a password. */
function withoutArguments(message: string): string {
  return message.replace(/,? with args beginning with:[\s\S]*$/, '');
}

export function errorIn(reply: RespValue | undefined): string | undefined {
  return typeof reply === 'object' && reply !== null && 'error' in reply ? reply.error : undefined;
}
