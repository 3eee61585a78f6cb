import { expander } from '../template/regex-expand.ts';
import { firstMatch, pattern } from '../template/regex-run.ts';
import { type Edit, editingModule } from './edited-file.ts';
import type { LineinfileArgs } from './generated/lineinfile.ts';
import { type HostText, linesWithEnds } from './host-text.ts';

const withoutEnd = (line: string) => line.replace(/[\r\n]+$/, '');

function edit(content: HostText, args: LineinfileArgs, exists: boolean): Edit {
  const lines = linesWithEnds(content.text);
  return args.state === 'absent' ? remove(content, lines, args, exists) : ensure(content, lines, args);
}

/** Whether a line is the one that the task means; the match, where a pattern said so. */
function finder(content: HostText, args: LineinfileArgs): ((line: string) => RegExpExecArray | boolean) | undefined {
  if (args.regexp !== undefined) {
    const wanted = pattern(content.said(args.regexp));
    return (line) => firstMatch(wanted, line) ?? false;
  }
  if (args.search_string === undefined) return undefined;
  const wanted = content.said(args.search_string);
  return (line) => line.includes(wanted);
}

function remove(content: HostText, lines: string[], args: LineinfileArgs, exists: boolean): Edit {
  if (!exists) return { text: '', msg: 'file not present', leaves: true, result: { found: 0 } };
  const line = args.line === undefined ? undefined : content.said(args.line);
  const find = finder(content, args) ?? ((each: string) => withoutEnd(each) === line);
  const kept = lines.filter((each) => find(each) === false);
  const found = lines.length - kept.length;
  return { text: kept.join(''), msg: found === 0 ? '' : `${found} line(s) removed`, result: { found } };
}

/** The last of the lines that qualify, or the first with `firstmatch`. */
function locate<T>(lines: readonly string[], first: boolean, test: (line: string) => T | false) {
  let found: { index: number; match: T } | undefined;
  for (const [index, line] of lines.entries()) {
    const match = test(line);
    if (match === false) continue;
    found = { index, match };
    if (first) break;
  }
  return found;
}

function ensure(content: HostText, lines: string[], args: LineinfileArgs): Edit {
  const line = content.said(args.line ?? '');
  const find = finder(content, args);
  const meant = find === undefined ? undefined : locate(lines, args.firstmatch, find);
  if (meant !== undefined) return put(lines, meant.index, replacement(line, meant.match, args));
  if (args.backrefs) return { text: lines.join(''), msg: '' };
  const present = lines.findLastIndex((each) => withoutEnd(each) === line);
  if (present >= 0) return put(lines, present, line);
  return insert(content, lines, line, args);
}

function replacement(line: string, match: RegExpExecArray | boolean, args: LineinfileArgs): string {
  return args.backrefs && typeof match === 'object' ? expander(line)(match) : line;
}

function put(lines: string[], index: number, line: string): Edit {
  const ended = line.endsWith('\n') ? line : `${line}\n`;
  if (lines[index] === ended) return { text: lines.join(''), msg: '' };
  return { text: lines.with(index, ended).join(''), msg: 'line replaced' };
}

function insert(content: HostText, lines: string[], line: string, args: LineinfileArgs): Edit {
  const { insertbefore } = args;
  const insertafter = insertbefore === undefined ? (args.insertafter ?? 'EOF') : undefined;
  const added = (index: number): Edit => {
    const before = lines.slice(0, index).join('');
    const ended = before === '' || /[\n\r]$/.test(before) ? before : `${before}\n`;
    return { text: `${ended}${line}\n${lines.slice(index).join('')}`, msg: 'line added' };
  };
  if (insertbefore === 'BOF' || insertafter === 'BOF') return added(0);
  const anchor = insertbefore ?? insertafter ?? 'EOF';
  if (anchor === 'EOF' && insertbefore === undefined) return added(lines.length);
  const wanted = pattern(content.said(anchor));
  const place = locate(lines, args.firstmatch, (each) => firstMatch(wanted, each) ?? false);
  if (place === undefined) return added(lines.length);
  return added(place.index + (insertafter === undefined ? 0 : 1));
}

export const lineinfile = editingModule<LineinfileArgs>({
  name: 'lineinfile',
  edit,
  backupKey: 'backup',
  toleratesMissing: ({ state }) => state === 'absent',
});
