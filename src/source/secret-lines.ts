const name = String.raw`[\w-]*(?:password|passwd|pass|passphrase|secret|token|masterauth)`;
const setting = new RegExp(String.raw`((?:^|[\s{,"'-])${name}["']?\s*[:=]\s*)(\S.*)$`, 'i');
/** One expression without any literal text in it: it names a secret and is none. */
const reference = /^["']?\{\{[^}'"]*\}\}["']?[\s,}]*(?:#.*)?$/;

/** A line of a source as it may be shown: what is set to a name of secrets is starred out, letter by letter, so that columns stay. */
export function withoutSecrets(line: string): string {
  return line.replace(setting, (whole, head: string, value: string) =>
    reference.test(value) ? whole : head + value.replace(/\S/g, '*'),
  );
}
