import { sanitize } from './sanitize.ts';

/** Text of hosts is data: no markup can come of it, in an element or an attribute. */
export function text(value: string): string {
  return sanitize(value)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

/** An element that holds text alone. */
export function element(name: string, content: string, className?: string): string {
  return `<${name}${className === undefined ? '' : ` class="${text(className)}"`}>${text(content)}</${name}>`;
}

export interface Cell {
  readonly text: string;
  readonly className: string | undefined;
}

export function table(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const line = (cells: readonly string[]) => `<tr>${cells.join('')}</tr>`;
  const body = rows.map((cells) => line(cells.map(({ text: cell, className }) => element('td', cell, className))));
  return `<div class="wide"><table>\n${line(head.map((name) => element('th', name)))}\n${body.join('\n')}\n</table></div>`;
}

/** A page that loads nothing and runs nothing, whatever stands in it: the policy says so to the browser too. */
export function htmlPage(title: string, parts: readonly string[]): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
${element('title', title)}
<style>${style}</style>
</head>
<body>
${parts.join('\n')}
</body>
</html>
`;
}

const style = `
:root { color-scheme: light dark; --dim: #666; --line: #8884; --ok: #20713a; --changed: #8a5f00; --failed: #c02020; }
@media (prefers-color-scheme: dark) {
  :root { --dim: #a0a0a0; --ok: #6cc585; --changed: #e2b04a; --failed: #ff7b72; }
}
* { box-sizing: border-box; }
body { font: 15px/1.45 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; overflow-wrap: anywhere; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin: 2rem 0 .4rem; } p { margin: .3rem 0; } ul { margin: .4rem 0; padding-left: 1.4rem; }
a { color: inherit; }
.ok { color: var(--ok); } .changed, .ignored, .rescued { color: var(--changed); } .failed, .unreachable { color: var(--failed); }
.dim, .skipped, .counts .ok, td.ok, td.skipped { color: var(--dim); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; overflow-wrap: normal; font-variant-numeric: tabular-nums; }
td, th { padding: .2rem .8rem .2rem 0; border-bottom: 1px solid var(--line); text-align: right; }
td:first-child, th:first-child { text-align: left; } th { font-weight: normal; color: var(--dim); } td.failed { font-weight: bold; }
details { border-bottom: 1px solid var(--line); padding: .3rem 0; } details > :not(summary) { margin-left: 1.2rem; }
summary { cursor: pointer; display: flex; flex-wrap: wrap; gap: 0 1rem; }
summary::before { content: "\\25b8"; width: .2rem; color: var(--dim); } details[open] > summary::before { content: "\\25be"; }
summary b { flex: 1 1 20rem; } .counts span { margin-left: .6rem; white-space: nowrap; }
.time { flex: 0 0 11rem; display: flex; justify-content: flex-end; align-items: center; gap: .6rem; font-variant-numeric: tabular-nums; }
.bar { flex: 1; height: .5rem; background: var(--line); } .bar i { display: block; height: 100%; background: var(--dim); }
pre { white-space: pre-wrap; background: #8881; padding: .6rem; font-size: 13px; margin: .3rem 0 .8rem; }
ins, del { text-decoration: none; } ins { color: var(--ok); } del { color: var(--failed); }
@media (max-width: 40rem) {
  td, th { padding-right: .55rem; font-size: 13px; }
  body { margin: 1rem auto; } summary b { flex-basis: 85%; } .counts { margin-left: 1.2rem; flex: 1; } .counts span { margin: 0 .6rem 0 0; }
  details > :not(summary) { margin-left: 0; } .time { flex-basis: 8rem; }
}
`;
