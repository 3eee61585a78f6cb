import { Float } from './numbers.ts';
import { readTokens, type Token } from './tokens.ts';
import { TemplateError } from './values.ts';

/** How whitespace around blocks is treated, as in Jinja2 and Ansible's template module. */
export interface Whitespace {
  readonly trimBlocks: boolean;
  readonly lstripBlocks: boolean;
}

export type Segment =
  | { readonly kind: 'text'; readonly text: string; readonly offset: number }
  | { readonly kind: 'output' | 'block'; readonly tokens: readonly Token[]; readonly offset: number };

const opening = /\{[{%#]/g;
const rawBlock = /\{%([-+]?)\s*raw\s*([-+]?)%\}/y;
const rawEnd = /\{%([-+]?)\s*endraw\s*([-+]?)%\}/g;

/** Cut a template into plain text, `{{ … }}` and `{% … %}`; comments and whitespace control are applied here. */
export function readSegments(text: string, whitespace: Whitespace, start = 0): readonly Segment[] {
  const segments: Segment[] = [];
  let at = start;
  /** Whitespace control of the tag before `at`. */
  let before = '';
  for (;;) {
    opening.lastIndex = at;
    const found = opening.exec(text);
    const end = found?.index ?? text.length;
    const control = found === null ? '' : (/^[-+]/.exec(text.slice(end + 2, end + 3))?.[0] ?? '');
    const isBlock = found !== null && found[0] !== '{{';
    const plain = stripStart(text.slice(at, end), before);
    segments.push(textSegment(stripEnd(plain, control, isBlock && whitespace.lstripBlocks, text, at), at));
    if (found === null) return segments;
    const tag = readTag(text, end, found[0], control, whitespace);
    segments.push(...tag.segments);
    at = tag.after;
    before = tag.control;
  }
}

/** Line ends become `\n`, as in Jinja2. */
function textSegment(text: string, offset: number): Segment {
  return { kind: 'text', text: text.replace(/\r\n?/g, '\n'), offset };
}

interface Tag {
  readonly segments: readonly Segment[];
  readonly after: number;
  /** `-`: drop whitespace that follows, `newline`: drop one line end, else nothing. */
  readonly control: string;
}

function readTag(text: string, start: number, opener: string, control: string, whitespace: Whitespace): Tag {
  const inside = start + 2 + control.length;
  if (opener === '{#') return readComment(text, start, whitespace);
  if (opener === '{{') {
    const run = readTokens(text, inside, '}}', Float.of);
    return {
      segments: [{ kind: 'output', tokens: run.tokens, offset: start }],
      after: run.after,
      control: run.control,
    };
  }
  rawBlock.lastIndex = start;
  const raw = rawBlock.exec(text);
  if (raw !== null) return readRaw(text, start, raw, whitespace);
  const run = readTokens(text, inside, '%}', Float.of);
  const segment: Segment = { kind: 'block', tokens: run.tokens, offset: start };
  return { segments: [segment], after: run.after, control: afterBlock(run.control, whitespace) };
}

function readComment(text: string, start: number, whitespace: Whitespace): Tag {
  const end = text.indexOf('#}', start + 2);
  if (end < 0) throw new TemplateError('#} is missing', start);
  const last = text.charAt(end - 1);
  const control = end > start + 2 && (last === '-' || last === '+') ? last : '';
  return { segments: [], after: end + 2, control: afterBlock(control, whitespace) };
}

function readRaw(text: string, start: number, raw: RegExpExecArray, whitespace: Whitespace): Tag {
  const from = start + raw[0].length;
  rawEnd.lastIndex = from;
  const close = rawEnd.exec(text);
  if (close === null) throw new TemplateError('{% raw %} has no {% endraw %}', start);
  const begun = stripStart(text.slice(from, close.index), raw[2] ?? '');
  const body = stripEnd(begun, close[1] ?? '', whitespace.lstripBlocks, text, from);
  return {
    segments: [textSegment(body, from)],
    after: close.index + close[0].length,
    control: afterBlock(close[2] ?? '', whitespace),
  };
}

function afterBlock(control: string, whitespace: Whitespace): string {
  return control === '' && whitespace.trimBlocks ? 'newline' : control;
}

function stripStart(text: string, control: string): string {
  if (control === '-') return text.trimStart();
  return control === 'newline' ? text.replace(/^\r?\n/, '') : text;
}

function stripEnd(text: string, control: string, lstrip: boolean, whole: string, start: number): string {
  if (control === '-') return text.trimEnd();
  if (!lstrip || control === '+') return text;
  const lineStart = text.lastIndexOf('\n') + 1;
  const startsLine = lineStart > 0 || start === 0 || whole.charAt(start - 1) === '\n';
  return startsLine && text.slice(lineStart).trim() === '' ? text.slice(0, lineStart) : text;
}
