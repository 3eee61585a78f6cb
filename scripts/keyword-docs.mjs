// docs/keywords.md from schemas/playbook.json: keywords, and what of Ansible's is refused. `--print` writes it to stdout.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const intro = `# Keywords

Written by \`npm run docs\` from \`schemas/playbook.json\`, which is also what checks your playbooks. A keyword means what it means in
Ansible. One that is in no table here is refused before the first connection.`;
const kinds = {
  play: 'Play',
  task: 'Task',
  block: 'Block',
  role: 'Role, under `roles` and in dependencies',
  vars_prompt: 'vars_prompt',
  loop_control: 'loop_control',
  import_playbook: 'import_playbook',
};

const schema = JSON.parse(readFileSync(`${root}schemas/playbook.json`, 'utf8'));
const page = keywordsPage(schema);
if (process.argv.includes('--print')) process.stdout.write(page);
else writeFileSync(`${root}docs/keywords.md`, page);

function keywordsPage({ $defs, 'x-not-yet': notYet }) {
  const tables = Object.entries(kinds).map(([kind, title]) => {
    const rows = Object.entries($defs[kind].properties).map(([name, { description }]) => [name, description]);
    return `## ${title}\n\n${table('keyword', rows)}`;
  });
  const { loop_control: ofLoops, ...others } = notYet;
  const loops = Object.entries(ofLoops).map(([name, words]) => [`loop_control.${name}`, words]);
  const refused = Object.assign(Object.fromEntries(loops), ...Object.values(others));
  const rows = Object.entries(refused).sort(([a], [b]) => (a < b ? -1 : 1));
  const last = `## Not here yet

Keywords and modules of Ansible's that are refused for now, and what \`rcdeploy validate\` says to do instead.

${table('of Ansible', rows)}`;
  return `${[intro, ...tables, last].join('\n\n')}\n`;
}

function table(head, rows) {
  const lines = rows.map(([name, words]) => `| \`${name}\` | ${words.replaceAll('|', '\\|')} |`);
  return [`| ${head} | |`, '|---|---|', ...lines].join('\n');
}
