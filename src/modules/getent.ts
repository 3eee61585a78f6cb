import { quote } from '../sh/quote.ts';
import type { HostModule } from './contract.ts';
import type { GetentArgs } from './generated/getent.ts';

interface Answer {
  readonly rc: number;
  readonly lines: readonly string[];
}

const colonDatabases = new Set(['passwd', 'shadow', 'group', 'gshadow']);

/** Without getent(1), as on BusyBox, the file of the database is what there is. */
function script(args: GetentArgs): string {
  const key = args.key === '' ? '' : ` ${quote(args.key)}`;
  const service = args.service === undefined ? '' : `-s ${quote(args.service)} `;
  return `if command -v getent >/dev/null 2>&1; then getent ${service}-- ${quote(args.database)}${key} 2>/dev/null; r=$?; echo "$r"
elif [ -r /etc/${quote(args.database)} ]; then cat /etc/${quote(args.database)}; echo file
else echo 1
fi
`;
}

function fieldsOf(line: string, split: string | undefined): string[] {
  return split === undefined ? line.trim().split(/\s+/) : line.split(split);
}

export const getent: HostModule<GetentArgs, Answer> = {
  kind: 'host',
  name: 'getent',
  fusable: true,
  read: (args) => ({ script: script(args) }),
  parse({ reply }, args) {
    const all = reply.stdout.replace(/\n$/, '').split('\n');
    const status = all.pop() ?? '1';
    if (status !== 'file') return { rc: Number(status), lines: all };
    const split = args.split ?? (colonDatabases.has(args.database) ? ':' : undefined);
    const bare = split === ':' ? all : all.map((line) => line.replace(/\s*#.*/, ''));
    const entries = bare.filter((line) => line.trim() !== '');
    const lines = args.key === '' ? entries : entries.filter((line) => fieldsOf(line, split).includes(args.key));
    return { rc: lines.length === 0 ? 2 : 0, lines: args.key === '' ? lines : lines.slice(0, 1) };
  },
  plan({ rc, lines }, args) {
    if (!/^[a-z]+$/.test(args.database)) return { changes: [], failed: `${args.database} is no database of getent` };
    const name = `getent_${args.database}`;
    const split = args.split ?? (colonDatabases.has(args.database) ? ':' : undefined);
    if (rc === 0) {
      const entries = new Map<string, unknown>();
      for (const line of lines) {
        const [key = '', ...fields] = fieldsOf(line, split);
        const other = entries.get(key);
        const isMany = Array.isArray(other) && Array.isArray(other[0]);
        entries.set(key, other === undefined ? fields : isMany ? [...other, fields] : [other, fields]);
      }
      return { changes: [], result: { ansible_facts: { [name]: Object.fromEntries(entries) } } };
    }
    const msg = failureText(rc);
    if (rc === 2 && !args.fail_key)
      return { changes: [], result: { ansible_facts: { [name]: { [args.key]: null } }, msg } };
    return { changes: [], failed: msg };
  },
  apply: async () => ({}),
};

function failureText(rc: number): string {
  if (rc === 1) return 'Missing arguments, or database unknown.';
  if (rc === 2) return 'One or more supplied key could not be found in the database.';
  return rc === 3 ? 'Enumeration not supported on this database.' : 'Unexpected failure!';
}
