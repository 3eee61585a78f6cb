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

export function table(
  head: readonly string[],
  rows: readonly { readonly cells: readonly string[]; readonly className: string | undefined }[],
): string {
  const line = (name: string, cells: readonly string[]) => cells.map((cell) => element(name, cell)).join('');
  const body = rows.map(
    ({ cells, className }) =>
      `<tr${className === undefined ? '' : ` class="${text(className)}"`}>${line('td', cells)}</tr>`,
  );
  return `<table>\n<tr>${line('th', head)}</tr>\n${body.join('\n')}\n</table>`;
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
:root { color-scheme: light dark; --dim: #777; --line: #8884; --ok: #2a7d3f; --changed: #b07a00; --failed: #c62828; }
body { font: 15px/1.45 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin: 2rem 0 .4rem; } p { margin: .3rem 0; }
h1.ok { color: var(--ok); } h1.failed { color: var(--failed); }
.dim { color: var(--dim); }
table { border-collapse: collapse; } td, th { padding: .2rem .8rem; border-bottom: 1px solid var(--line); text-align: right; }
td:first-child, th:first-child { text-align: left; } th { font-weight: normal; color: var(--dim); }
tr.failed td:first-child { color: var(--failed); font-weight: bold; }
details { border-bottom: 1px solid var(--line); padding: .3rem 0; } details > :not(summary) { margin-left: 1.2rem; }
summary { cursor: pointer; } summary span { margin-left: .5rem; }
span.ok, span.skipped { color: var(--dim); } .changed { color: var(--changed); }
.failed, .unreachable { color: var(--failed); } .ignored, .rescued { color: var(--changed); }
tr.failed { color: inherit; }
.bar { display: inline-block; width: 6rem; height: .5rem; background: var(--line); }
.bar i { display: block; height: 100%; background: var(--dim); }
pre { overflow-x: auto; background: #8881; padding: .6rem; font-size: 13px; }
`;
