import type { Command, EncodedWords, NodeAccess, RespValue } from './contract.ts';
import { NodeError } from './node-error.ts';

/** Commands as RESP2, which 4.0 understands too, in one piece. */
export function encodeCommands(commands: readonly Command[], encoding: Encoding = 'utf8'): string {
  let text = '';
  for (const words of commands) {
    let count = 0;
    let encoded = '';
    for (const word of words) {
      count += typeof word === 'string' ? 1 : word.count;
      encoded += typeof word === 'string' ? encodeWord(word, Buffer.byteLength(word, encoding)) : word.resp;
    }
    text += `*${count}\r\n${encoded}`;
  }
  return text;
}

function encodeWord(word: string, bytes: number): string {
  return `$${bytes}\r\n${word}\r\n`;
}

/** For a link that speaks latin1. */
export function encodeWords(words: readonly string[]): EncodedWords {
  return { count: words.length, resp: words.map((word) => encodeWord(word, word.length)).join('') };
}

/** The words one by one. Throws where a node has sent something else. */
export function decodeWords({ resp }: EncodedWords): string[] {
  const words: string[] = [];
  for (let at = 0; at < resp.length; ) {
    const end = resp.indexOf('\r\n', at);
    const length = Number(resp.slice(at + 1, end));
    if (end < 0 || !(length >= 0))
      throw new NodeError(
        'other',
        `this is not Redis's protocol: ${JSON.stringify(resp.slice(at, at + 40))} among keys`,
      );
    words.push(resp.slice(end + 2, end + 2 + length));
    at = end + 4 + length;
  }
  return words;
}

export function inCapitals(renamed: NodeAccess['renamed']): NodeAccess['renamed'] {
  return renamed && Object.fromEntries(Object.entries(renamed).map(([name, there]) => [name.toUpperCase(), there]));
}

/** The command under the name that this server has for it. */
export function calledThere(words: Command, renamed: NodeAccess['renamed']): Command {
  if (!renamed) return words;
  const [command, ...rest] = words;
  const name = typeof command === 'string' ? renamed[command.toUpperCase()] : undefined;
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
