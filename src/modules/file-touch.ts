import { TaskError } from '../errors/errors.ts';
import { quote } from '../sh/quote.ts';
import type { FileArgs } from './generated/file.ts';

/** Creates the file `$p` or sets its times: `now` without word to the contrary, `preserve` keeps one of the two. */
export function touchScript(args: FileArgs): string {
  const access = option(args.access_time ?? 'now', 'a', args.access_time_format);
  const modification = option(args.modification_time ?? 'now', 'm', args.modification_time_format);
  const make = '[ -e "$p" ] || touch -- "$p" || exit\n';
  return [make, access, modification].join('');
}

function option(time: string, letter: 'a' | 'm', format: string): string {
  if (time === 'preserve') return '';
  if (time === 'now') return `touch -${letter} -- "$p" || exit\n`;
  if (format !== '%Y%m%d%H%M.%S' || !/^\d{12}\.\d{2}$/.test(time)) {
    throw new TaskError(`time ${JSON.stringify(time)} cannot be used`, {
      hint: 'write it as YYYYMMDDhhmm.ss, `now` or `preserve`',
    });
  }
  return `touch -${letter} -t ${quote(time)} -- "$p" || exit\n`;
}
