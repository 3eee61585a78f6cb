// Builds dist/ from src/: types and validators from the schemas, then a few files instead of hundreds, since finding and
// compiling each module apart cost half a second of CPU at every start. Packages from npm stay outside.
import { execFileSync } from 'node:child_process';
import { chmodSync, readFileSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const root = fileURLToPath(new URL('..', import.meta.url));
execFileSync(process.execPath, [`${root}scripts/generate.mjs`], { stdio: 'inherit', cwd: root });
rmSync(`${root}dist`, { recursive: true, force: true });
const bundle = await rolldown({
  cwd: root,
  platform: 'node',
  // What runs, and what scripts and tests use of the lab.
  input: { 'cli/main': 'src/cli/main.ts', 'lab/lab': 'src/lab/lab.ts', 'lab/unavailable': 'src/lab/unavailable.ts' },
  external: /^[^./]/,
  // The oldest Node that users may have. Newer syntax would need helpers from a package that is not theirs.
  transform: { target: 'node20.19' },
});
const { output } = await bundle.write({ dir: `${root}dist`, chunkFileNames: 'chunks/[name]-[hash].js' });
checkPackages(output);
chmodSync(`${root}dist/cli/main.js`, 0o755);

/** A package that is not among the dependencies would be missing where rcdeploy is installed, and only there. */
function checkPackages(chunks) {
  const { dependencies } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));
  const imports = chunks.flatMap((chunk) => [...(chunk.imports ?? []), ...(chunk.dynamicImports ?? [])]);
  for (const name of imports) {
    if (name.startsWith('node:') || name.startsWith('chunks/') || name.endsWith('.js')) continue;
    const dependency = name.split('/', name.startsWith('@') ? 2 : 1).join('/');
    if (!Object.hasOwn(dependencies, dependency)) throw new Error(`dist/ needs ${name}, which is no dependency`);
  }
}
