import { firstMatch, pattern } from '../template/regex-run.ts';
import { type Edit, editingModule } from './edited-file.ts';
import type { BlockinfileArgs } from './generated/blockinfile.ts';
import { type HostText, linesWithEnds } from './host-text.ts';

function edit(content: HostText, args: BlockinfileArgs, exists: boolean): Edit {
  if (args.state === 'absent' && !exists) {
    return { text: '', msg: `File ${args.path} not present`, leaves: true };
  }
  const marker = (mark: string) => `${content.said(args.marker.replaceAll('{mark}', mark))}\n`;
  const [begin, end] = [marker(args.marker_begin), marker(args.marker_end)];
  const lines = linesWithEnds(content.text);
  const [first, last] = [lines.lastIndexOf(begin), lines.lastIndexOf(end)].sort((one, other) => one - other);
  const there = first !== undefined && last !== undefined && first >= 0 && last > first;
  const at = there ? first : placeOf(content, lines, args);
  const rest = there ? lines.toSpliced(first, last - first + 1) : lines;
  const head = rest.slice(0, at).join('');
  const before = head === '' || head.endsWith('\n') ? head : `${head}\n`;
  const block = blockOf(content, args, begin, end);
  const text = before + block + rest.slice(at).join('');
  if (!exists) return { text, msg: 'File created' };
  if (text === content.text) return { text, msg: '' };
  return { text, msg: block === '' ? 'Block removed' : 'Block inserted' };
}

function blockOf(content: HostText, args: BlockinfileArgs, begin: string, end: string): string {
  if (args.state === 'absent' || args.block === '') return '';
  const block = content.said(args.block);
  return begin + (block.endsWith('\n') ? block : `${block}\n`) + end;
}

/** Before which line a new block goes. A pattern with `(?m)` may match across lines. */
function placeOf(content: HostText, lines: readonly string[], args: BlockinfileArgs): number {
  const { insertbefore, insertafter = 'EOF' } = args;
  if (insertbefore === 'BOF') return 0;
  const anchor = insertbefore ?? insertafter;
  if (insertbefore === undefined && anchor === 'EOF') return lines.length;
  const found = lineOf(content, lines, anchor, insertbefore === undefined);
  if (found < 0) return lines.length;
  return insertbefore === undefined ? Math.min(found + 1, lines.length) : found;
}

function lineOf(content: HostText, lines: readonly string[], anchor: string, atEnd: boolean): number {
  const wanted = pattern(content.said(anchor));
  if (!/^\(\?[a-z]*m/.test(anchor)) return lines.findLastIndex((line) => firstMatch(wanted, line) !== undefined);
  const match = firstMatch(wanted, content.text);
  if (match === undefined) return -1;
  const place = match.index + (atEnd ? match[0].length : 0);
  return content.text.slice(0, place).split('\n').length - 1;
}

export const blockinfile = editingModule<BlockinfileArgs>({ name: 'blockinfile', edit });
