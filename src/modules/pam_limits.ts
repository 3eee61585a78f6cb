import { TaskError } from '../errors/errors.ts';
import { type Edit, editingModule } from './edited-file.ts';
import type { PamLimitsArgs as SchemaArgs } from './generated/pam_limits.ts';
import { type HostText, linesWithEnds } from './host-text.ts';

type PamLimitsArgs = SchemaArgs & { readonly path: string; readonly create: true };

const unlimited = new Set(['unlimited', 'infinity', '-1']);

function checkValue(item: string, value: string): void {
  const fits = item === 'nice' || item === 'priority' ? /^-?\d+$/ : /^\d+$/;
  if (unlimited.has(value) || fits.test(value)) return;
  throw new TaskError(`value of ${item} must be a number, 'unlimited', 'infinity' or -1, not ${JSON.stringify(value)}`);
}

/** The value that stays, with `use_min` and `use_max`. */
function chosen(args: PamLimitsArgs, before: string): string {
  const { value } = args;
  if (!args.use_max && !args.use_min) return value;
  if (unlimited.has(before) && unlimited.has(value)) return before;
  if (unlimited.has(before) || unlimited.has(value)) return unlimited.has(before) === args.use_max ? before : value;
  const larger = Number(value) > Number(before);
  return larger === args.use_max ? value : before;
}

function edit(content: HostText, args: PamLimitsArgs): Edit {
  if (args.use_max && args.use_min) throw new TaskError('Cannot use use_min and use_max at the same time.');
  checkValue(args.limit_item, args.value);
  if (/[\s#]/.test(args.domain) || /[\n\0]/.test(args.comment)) {
    throw new TaskError('domain may hold no blanks and no #, comment no newline');
  }
  const line = (value: string, comment: string) =>
    `${args.domain}\t${args.limit_type}\t${args.limit_item}\t${value}${comment === '' ? '' : `\t#${comment}`}\n`;
  let found: string | undefined;
  const lines = linesWithEnds(content.text).map((before) => {
    const [setting = '', ...comment] = before.split('#');
    const fields = setting.trim().split(/\s+/);
    const [domain, type, item, value = ''] = fields;
    const isIt = domain === args.domain && type === args.limit_type && item === args.limit_item;
    if (before.startsWith('#') || fields.length !== 4 || !isIt) return before;
    const wanted = chosen(args, value);
    found =
      wanted === value ? before : line(wanted, content.said(args.comment) || comment.join('#').replace(/\n$/, ''));
    return found;
  });
  if (found !== undefined) return { text: lines.join(''), msg: found };
  const before = lines.join('');
  const added = line(args.value, content.said(args.comment));
  return { text: `${before === '' || before.endsWith('\n') ? before : `${before}\n`}${added}`, msg: added };
}

const editing = editingModule<PamLimitsArgs>({ name: 'pam_limits', edit });

export const pamLimits: typeof editing = {
  ...editing,
  prepare: (args) => ({ ...args, path: args.dest, create: true }),
};
