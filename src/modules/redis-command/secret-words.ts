import type { RespValue } from '../../redis/node/contract.ts';

const SHOWN = '********';
/** Directives whose value is a secret. */
const SECRET_DIRECTIVE = /^(requirepass|masterauth|primaryauth|tls-(client-)?key-file-pass)$/i;

/** The words of a command as people may see them: without what logs somebody in. */
export function shownWords(words: readonly string[]): string[] {
  const [name = '', sub = ''] = words.map((word) => word.toUpperCase());
  if (name === 'AUTH') return words.map((word, index) => (index === 0 ? word : SHOWN));
  if (name === 'ACL' && sub === 'SETUSER') return words.map((word) => word.replace(/^([<>#!]).+/s, `$1${SHOWN}`));
  if (name === 'CONFIG' && sub === 'SET') {
    return words.map((word, index) => (SECRET_DIRECTIVE.test(words[index - 1] ?? '') ? SHOWN : word));
  }
  if (name === 'MIGRATE') {
    const at = words.findIndex((word) => /^AUTH2?$/i.test(word));
    if (at < 0) return [...words];
    const last = at + ((words[at] ?? '').endsWith('2') ? 2 : 1);
    return words.map((word, index) => (index > at && index <= last ? SHOWN : word));
  }
  return [...words];
}

/** A reply as people may see it: passwords of CONFIG GET and digests of passwords of ACL commands are starred out. */
export function shownReply(words: readonly string[], reply: RespValue): RespValue {
  const [name = '', sub = ''] = words.map((word) => word.toUpperCase());
  if (name === 'CONFIG' && sub === 'GET' && Array.isArray(reply)) {
    return reply.map((value, index) =>
      index % 2 === 1 && value !== '' && SECRET_DIRECTIVE.test(String(reply[index - 1])) ? SHOWN : value,
    );
  }
  return name === 'ACL' ? withoutDigests(reply) : reply;
}

function withoutDigests(reply: RespValue): RespValue {
  if (typeof reply === 'string') return reply.replace(/(#?)\b[0-9a-f]{64}\b/g, `$1${SHOWN}`);
  return Array.isArray(reply) ? reply.map(withoutDigests) : reply;
}
