// docs/differences.md from test/differential: what differs from Ansible on purpose, and the cases that prove it. `--print` writes it to stdout.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

const root = fileURLToPath(new URL('..', import.meta.url));
const differential = `${root}test/differential`;
const intro = `# Where rcdeploy differs from Ansible

Written by \`npm run docs\` from \`test/differential/\`. The cases there run through Debian's ansible-playbook (ansible-core 2.14) and through
rcdeploy; both must come to the same end state, verdicts, registered values, recap and exit status. What differs on purpose is listed
here with the reason, and a case that names the difference must show exactly it. What is not supported at all is in
[supported.md](supported.md).`;

const page = differencesPage();
if (process.argv.includes('--print')) process.stdout.write(page);
else writeFileSync(`${root}docs/differences.md`, page);

function differencesPage() {
  const entries = parse(readFileSync(`${differential}/differences.yml`, 'utf8'));
  const cases = readdirSync(`${differential}/cases`)
    .sort()
    .flatMap((file) => parse(readFileSync(`${differential}/cases/${file}`, 'utf8')));
  const sections = entries.map(({ id, title, ansible, ours, uncased }) => {
    const proofs = cases.filter(({ differs }) => differs !== undefined && id in differs).map((one) => one.case);
    const proof = uncased === undefined ? `Cases: ${proofs.join('; ')}.` : `No case of its own: ${uncased}.`;
    return `## ${title}\n\n- Ansible: ${ansible}\n- rcdeploy: ${ours}\n\n${proof}`;
  });
  return `${[intro, ...sections].join('\n\n')}\n`;
}
