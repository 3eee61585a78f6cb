import type { HostModule } from './contract.ts';
import type { SlurpArgs } from './generated/slurp.ts';
import { pathWord } from './host-path.ts';
import { ReplyLines } from './reply-lines.ts';

interface Slurped {
  readonly kind: 'file' | 'missing' | 'directory' | 'large' | 'unreadable';
  readonly content: string;
}

const mostBytes = 4 * 1024 * 1024;

export const slurp: HostModule<SlurpArgs, Slurped> = {
  kind: 'host',
  name: 'slurp',
  fusable: true,
  read: (args) => ({
    script: `p=${pathWord(args.src)}
if [ -d "$p" ]; then echo directory
elif [ ! -e "$p" ]; then echo missing
elif [ ! -r "$p" ]; then echo unreadable
elif [ "$(head -c ${mostBytes + 1} < "$p" | wc -c)" -gt ${mostBytes} ]; then echo large
else echo file; base64 < "$p"
fi
`,
  }),
  parse({ reply }, args) {
    const lines = new ReplyLines(reply, `reading ${args.src}`);
    return { kind: lines.next() as Slurped['kind'], content: lines.rest().replace(/\s+/g, '') };
  },
  plan({ kind, content }, args, env) {
    if (kind === 'file') return { changes: [], result: { content, source: args.src, encoding: 'base64' } };
    if (kind === 'missing' && env.check && env.changesPredicted) {
      return { changes: [], skipped: `${args.src} does not exist yet` };
    }
    const failed = {
      missing: `file not found: ${args.src}`,
      directory: `source is a directory and must be a file: ${args.src}`,
      unreadable: `file is not readable: ${args.src}`,
      large: `${args.src} is larger than ${mostBytes / 1024 / 1024} MiB; use fetch`,
    }[kind];
    return { changes: [], failed };
  },
  apply: async () => ({}),
};
