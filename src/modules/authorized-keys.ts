/** One key of an authorized_keys file (sshd(8), "AUTHORIZED_KEYS FILE FORMAT"). */
export interface AuthorizedKey {
  /** As they are written, with their commas; empty for none. */
  readonly options: string;
  readonly type: string;
  readonly data: string;
  readonly comment: string;
}

const types =
  /^(?:ssh-(?:rsa|dss|ed25519)|ecdsa-sha2-nistp\d+|sk-(?:ssh-ed25519|ecdsa-sha2-nistp256)@openssh\.com|ssh-\S+-cert-v01@openssh\.com)$/;

/** undefined: a comment, an empty line or something else that is left alone. */
export function parseKeyLine(line: string): AuthorizedKey | undefined {
  const text = line.trim();
  if (text === '' || text.startsWith('#')) return undefined;
  const [first, ...rest] = splitOutsideQuotes(text);
  const [options, type = '', data = '', ...comment] = types.test(first ?? '')
    ? ['', first, ...rest]
    : [first ?? '', ...rest];
  if (!types.test(type) || !/^[A-Za-z0-9+/]+=*$/.test(data)) return undefined;
  return { options, type, data, comment: comment.join(' ') };
}

export function keyLine({ options, type, data, comment }: AuthorizedKey): string {
  return [options, type, data, comment].filter((part) => part !== '').join(' ');
}

/** All keys of an argument, or what is wrong with it. */
export function allKeys(
  text: string,
  options: string | undefined,
  comment: string | undefined,
): readonly AuthorizedKey[] | string {
  const lines = text.split('\n').filter((line) => line.trim() !== '' && !line.trim().startsWith('#'));
  if (/[\n\0]/.test(`${options ?? ''}${comment ?? ''}`)) return 'key_options and comment may not hold a newline';
  const keys: AuthorizedKey[] = [];
  for (const line of lines) {
    const key = parseKeyLine(line);
    if (key === undefined) return `invalid key specified: ${line.slice(0, 60)}`;
    keys.push({ ...key, ...(options === undefined ? {} : { options }), ...(comment === undefined ? {} : { comment }) });
  }
  return lines.length === 0 ? 'no key was given' : keys;
}

/** Words, with blanks between double quotes (`from="a b"`) kept in theirs. */
function splitOutsideQuotes(text: string): string[] {
  return text.match(/(?:"(?:\\.|[^"\\])*"|\S)+/g) ?? [];
}
