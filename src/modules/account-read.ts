import { FEW_LINES, FILES_FIRST } from '../sh/builtin-reads.ts';
import { quote } from '../sh/quote.ts';

/**
 * sh that prints the line of a passwd, group or shadow entry whose `field` (1: name, 3: number) is `key`, or an empty line.
 * getent first, since accounts may come from a directory service; else the file, read by the shell itself.
 */
export function entryRead(database: 'passwd' | 'group' | 'shadow', key: string, field: 1 | 3 = 1): string {
  return entryByWord(database, quote(key), field);
}

function entryByWord(database: string, word: string, field: 1 | 3): string {
  const wanted = field === 1 ? '$n' : '$i';
  return `if command -v getent >/dev/null 2>&1; then getent ${database} -- ${word} 2>/dev/null || echo
else r=; while IFS= read -r l; do n=\${l%%:*} i=\${l#*:} i=\${i#*:} i=\${i%%:*}; if [ "${wanted}" = ${word} ]; then r=$l; break; fi; done < /etc/${database}; printf '%s\\n' "$r"; fi
`;
}

/**
 * The same for reads, which run again and again: `entry passwd|group KEY 1|3`; `find_entry` leaves the line in r, which takes no fork. The
 * shell finds the entry itself where the file is asked first anyway; what is not among its first lines is asked of getent.
 */
export const entryFunction = `${FILES_FIRST}
find_entry() {
  r= c=0
  if files_first "$1"; then
    while [ "$c" -lt ${FEW_LINES} ] && IFS= read -r l; do
      c=$((c + 1)) n=\${l%%:*}
      if [ "$3" = 3 ]; then n=\${l#*:} n=\${n#*:} n=\${n%%:*}; fi
      if [ "$n" = "$2" ]; then r=$l; break; fi
    done <"/etc/$1"
  fi
  if [ -n "$r" ]; then :
  elif [ "$3" = 3 ]; then r=$(${entryByWord('"$1"', '"$2"', 3).trim().replaceAll('\n', '\n  ')})
  else r=$(${entryByWord('"$1"', '"$2"', 1).trim().replaceAll('\n', '\n  ')})
  fi
}
entry() { find_entry "$@"; printf '%s\\n' "$r"; }
`;
