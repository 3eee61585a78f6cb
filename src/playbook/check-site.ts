import type { Diagnostic, Span } from '../errors/diagnostic.ts';
import { nearest } from '../source/nearest.ts';
import { compileExpression, compileText } from '../template/template.ts';
import { type Compiled, TemplateError } from '../template/values.ts';
import type { Site } from './sites.ts';
import { spanInText } from './text-position.ts';

/** The compiled text, or the finding that it cannot be compiled. */
export function compileSite(site: Site): Compiled | Diagnostic {
  try {
    return site.kind === 'expression' ? compileExpression(site.text) : compileText(site.text);
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    const span = error.offset === undefined ? site.span : partOf(site, error.offset, error.offset + 1);
    const braces = site.kind === 'expression' && /\{\{|\{%/.test(site.text);
    const hint = braces ? 'this is an expression already: write names without {{ }}' : undefined;
    return { severity: 'error', code: 'template-syntax', message: `template: ${error.message}`, span, hint };
  }
}

export function undefinedName(site: Site, name: string, known: Iterable<string>): Diagnostic {
  const near = nearest(name, known);
  const offset = offsetOfName(site.text, name);
  return {
    severity: 'error',
    code: 'undefined-variable',
    message: `"${name}" is defined nowhere: not in the inventory, the playbook, its registers or -e`,
    span: offset === undefined ? site.span : partOf(site, offset, offset + name.length),
    hint: near === undefined ? `define it, or guard it: ${name} | default(…)` : `did you mean "${near}"?`,
  };
}

function partOf(site: Site, start: number, end: number): Span | undefined {
  if (site.span === undefined) return undefined;
  if (site.isFile !== true) return spanInText(site.span, site.text, start, end);
  const before = site.text.slice(0, start).split('\n');
  const column = (before.at(-1)?.length ?? 0) + 1;
  const { file } = site.span;
  return { file, line: before.length, column, endLine: before.length, endColumn: column + end - start };
}

/** Where the name is read: not as an attribute (`a.name`), not as a keyword argument, not within quotes. */
function offsetOfName(text: string, name: string): number | undefined {
  const pattern = new RegExp(
    `'(?:[^'\\\\]|\\\\.)*'|"(?:[^"\\\\]|\\\\.)*"|(?<![\\w.])${name}(?!\\w)(?!\\s*=(?!=))`,
    'g',
  );
  const inside = /\{\{|\{%/.test(text) ? /\{\{[\s\S]*?\}\}|\{%[\s\S]*?%\}/g : /[\s\S]+/g;
  for (const part of text.matchAll(inside)) {
    for (const found of part[0].matchAll(pattern)) if (found[0] === name) return part.index + found.index;
  }
  return undefined;
}
