import { expander } from '../template/regex-expand.ts';
import { firstMatch, matches, pattern } from '../template/regex-run.ts';
import { type Edit, editingModule } from './edited-file.ts';
import type { ReplaceArgs } from './generated/replace.ts';
import type { HostText } from './host-text.ts';

function edit(content: HostText, args: ReplaceArgs): Edit {
  const { text } = content;
  const section = sectionOf(content, args);
  if (typeof section === 'string') {
    return {
      text,
      msg: `Pattern for before/after params did not match the given file: ${section}`,
      result: { rc: 0 },
    };
  }
  const part = text.slice(section.start, section.end);
  const found = matches(pattern(content.said(args.regexp), { multiline: true }), part);
  const expand = expander(content.said(args.replace));
  let replaced = '';
  let at = 0;
  for (const match of found) {
    replaced += part.slice(at, match.index) + expand(match);
    at = match.index + match[0].length;
  }
  replaced += part.slice(at);
  if (replaced === part) return { text, msg: '', result: { rc: 0 } };
  const result = text.slice(0, section.start) + replaced + text.slice(section.end);
  return { text: result, msg: `${found.length} replacements made`, result: { rc: 0 } };
}

/** The part between `after` and `before`, or the pattern that found none. */
function sectionOf(content: HostText, args: ReplaceArgs): { start: number; end: number } | string {
  const { text } = content;
  const [after = '', before = ''] = [args.after, args.before];
  if (after === '' && before === '') return { start: 0, end: text.length };
  const shown = `${after}(?P<subsection>.*${after !== '' && before !== '' ? '?' : ''})${before}`;
  const section = pattern(content.said(shown), { dotAll: true });
  const { source, flags } = section.expression;
  const found = firstMatch({ ...section, expression: new RegExp(source, `${flags}d`) }, text);
  const place = found?.indices?.groups?.subsection;
  return place === undefined ? shown : { start: place[0], end: place[1] };
}

export const replace = editingModule<ReplaceArgs>({ name: 'replace', edit });
