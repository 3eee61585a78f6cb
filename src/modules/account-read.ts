import { quote } from '../sh/quote.ts';

/**
 * sh that prints the line of a passwd, group or shadow entry whose `field` (1: name, 3: number) is `key`, or an empty line.
 * getent first, since accounts may come from a directory service; else the file, read by the shell itself.
 */
export function entryRead(database: 'passwd' | 'group' | 'shadow', key: string, field: 1 | 3 = 1): string {
  const word = quote(key);
  const wanted = field === 1 ? '$n' : '$i';
  return `if command -v getent >/dev/null 2>&1; then getent ${database} -- ${word} 2>/dev/null || echo
else r=; while IFS= read -r l; do n=\${l%%:*} i=\${l#*:} i=\${i#*:} i=\${i%%:*}; if [ "${wanted}" = ${word} ]; then r=$l; break; fi; done < /etc/${database}; printf '%s\\n' "$r"; fi
`;
}
