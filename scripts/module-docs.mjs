// docs/modules.md from schemas/modules: what each module does, its arguments, and what it refuses. `--print` writes it to stdout.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const groups = [
  ['Redis', /^redis_/],
  [
    'Files',
    /^(assemble|blockinfile|copy|fetch|file|find|get_url|ini_file|lineinfile|replace|slurp|stat|synchronize|tempfile|template|unarchive)$/,
  ],
  ['Commands', /^(command|raw|script|shell)$/],
  [
    'System',
    /^(apk|apt|authorized_key|cron|dnf|firewalld|getent|group|hostname|known_hosts|modprobe|mount|package|pam_limits|reboot|service|sysctl|systemd|user|yum)$/,
  ],
  ['Flow', /./],
];
const intro = `# Modules

Written by \`npm run docs\` from \`schemas/modules/\`, which are also what checks your playbooks. The same page for one module, on a
terminal: \`rcdeploy doc redis_cluster\`.

Ansible's modules keep Ansible's names, arguments and defaults. An argument that is in no table here is refused before the first
connection, with its place in your file.
`;

if (process.argv.includes('--print')) process.stdout.write(modulesPage());
else writeFileSync(`${root}docs/modules.md`, modulesPage());

function modulesPage() {
  const schemas = readdirSync(`${root}schemas/modules`)
    .sort()
    .map((file) => JSON.parse(readFileSync(`${root}schemas/modules/${file}`, 'utf8')));
  const left = new Set(schemas);
  const sections = groups.map(([title, pattern]) => {
    const members = [...left].filter((schema) => pattern.test(schema.title));
    for (const schema of members) left.delete(schema);
    return { title, members };
  });
  const contents = sections.map(({ title, members }) => `- ${title}: ${members.map(linkTo).join(', ')}`);
  const bodies = sections.flatMap(({ title, members }) => [`## ${title}`, ...members.map(moduleSection)]);
  return `${[intro.trim(), contents.join('\n'), ...bodies].join('\n\n')}\n`;
}

function linkTo({ title }) {
  return `[${title}](#${title})`;
}

function moduleSection(schema) {
  const rows = rowsOf(schema.properties, schema.required ?? []);
  return [
    `### ${schema.title}`,
    schema.description,
    checkModeText(schema['x-check-mode']),
    ['| argument | type | default | |', '|---|---|---|---|', ...rows].join('\n'),
    ...relationLines(schema),
  ].join('\n\n');
}

function checkModeText(support) {
  if (support === 'full') return 'Check mode: full.';
  return support === undefined || support === 'none'
    ? 'Check mode: none.'
    : `Check mode: ${support.replace(/\.?$/, '.')}`;
}

/** A row for each argument, and below it one for each key of a map or of a list's maps. */
function rowsOf(properties, required, parent = '') {
  return Object.entries(properties).flatMap(([key, part]) => {
    const name = key === '_raw' ? '*(free form)*' : `\`${parent}${key}\``;
    const row = `| ${name} | ${typeText(part)} | ${defaultText(part, required.includes(key))} | ${cell(wordsOf(part))} |`;
    const inner = part.items?.properties ? part.items : part;
    if (!inner.properties) return [row];
    const prefix = `${parent}${key}${inner === part ? '' : '[]'}.`;
    return [row, ...rowsOf(inner.properties, inner.required ?? [], prefix)];
  });
}

function typeText({ type, enum: choices, items, 'x-format': format }) {
  if (choices) return choices.map((choice) => `\`${choice}\``).join(', ');
  if (type === undefined) return 'any';
  if (type === 'array') return typeof items?.type === 'string' ? `list of ${plural(items.type)}` : 'list';
  const names = { object: 'map', string: format === 'local-path' ? 'local path' : 'string' };
  return [type]
    .flat()
    .map((one) => names[one] ?? one)
    .join(' or ');
}

function plural(type) {
  return type === 'object' ? 'maps' : `${type}s`;
}

function defaultText({ default: value }, required) {
  if (required) return '**required**';
  return value === undefined ? '' : `\`${JSON.stringify(value)}\``;
}

function wordsOf(part) {
  const also = part['x-aliases'] ? ` Also: ${part['x-aliases'].map((alias) => `\`${alias}\``).join(', ')}.` : '';
  return `${part.description ?? ''}${also}${part['x-secret'] ? ' Never shown.' : ''}`;
}

function cell(text) {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}

function relationLines(schema) {
  const list = (names) => names.map((name) => (name === '_raw' ? 'the free form' : `\`${name}\``)).join(', ');
  const lines = [
    ...(schema['x-mutually-exclusive'] ?? []).map((names) => `- At most one of ${list(names)}.`),
    ...(schema['x-required-one-of'] ?? []).map((names) => `- At least one of ${list(names)}.`),
    ...(schema['x-required-together'] ?? []).map((names) => `- ${list(names)}: all or none.`),
    ...(schema['x-required-if'] ?? []).map(
      ({ arg, is, then }) => `- With \`${arg}: ${is}\`, ${list(then)} must be given.`,
    ),
  ];
  const refused = Object.keys(schema['x-unsupported'] ?? {});
  if (refused.length > 0) lines.push(`- Refused, with a word on what to do instead: ${list(refused)}.`);
  return lines.length === 0 ? [] : [lines.join('\n')];
}
