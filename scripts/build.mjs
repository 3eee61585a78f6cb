// Builds dist/ from src/: types and validators from the schemas, then the compiler.
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
rmSync(`${root}dist`, { recursive: true, force: true });
execFileSync(process.execPath, [`${root}scripts/generate.mjs`], { stdio: 'inherit', cwd: root });
execFileSync(process.execPath, [`${root}node_modules/typescript/bin/tsc`, '-p', root], { stdio: 'inherit', cwd: root });
copyFileSync(`${root}src/lab/host-init.sh`, `${root}dist/lab/host-init.sh`);
chmodSync(`${root}dist/cli/main.js`, 0o755);
