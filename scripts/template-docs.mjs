// docs/templates.md from schemas/templates.json: filters, tests and lookups. test/template/documented.test.ts compares that file
// with what the template engine has. `--print` writes the page to stdout.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const intro = `# Filters, tests and lookups

Written by \`npm run docs\` from \`schemas/templates.json\`. What a name means is what it means to Jinja2 and Ansible, whose own answers
the tests compare with. Prefixes such as \`ansible.builtin.\` and \`community.general.\` may stand before a name. A name that is not here
is an error with its place; lookups and tests on files look at the control machine.
`;

if (process.argv.includes('--print')) process.stdout.write(page());
else writeFileSync(`${root}docs/templates.md`, page());

function page() {
  const { filters, tests, lookups } = JSON.parse(readFileSync(`${root}schemas/templates.json`, 'utf8'));
  const sections = [
    section('Filters', 'value | name(arguments)', filters),
    section('Tests', 'value is name(arguments)', tests),
    section('Lookups', "lookup('name', terms)", lookups),
  ];
  return `${[intro.trim(), ...sections].join('\n\n')}\n`;
}

function section(title, usage, table) {
  const rows = Object.entries(table).map(([name, { arguments: list = [], description }]) =>
    title === 'Lookups'
      ? `| \`${name}\` | ${cell(description)} |`
      : `| \`${name}\` | ${list.map((argument) => `\`${argument}\``).join(' ')} | ${cell(description)} |`,
  );
  const head = title === 'Lookups' ? ['| name | |', '|---|---|'] : ['| name | arguments | |', '|---|---|---|'];
  return `## ${title}\n\n\`${usage}\`\n\n${[...head, ...rows].join('\n')}`;
}

function cell(text) {
  return text.replaceAll('|', '\\|');
}
