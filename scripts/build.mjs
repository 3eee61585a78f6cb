// Builds dist/ from src/: types and validators from the schemas, then the program as one file with the packages that it uses, since
// finding and compiling hundreds of modules at every start cost more than a run. V8's code for it is kept by src/cli/code-cache.ts.
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { rolldown } from 'rolldown';

const root = fileURLToPath(new URL('..', import.meta.url));
// The oldest Node that users may have. Newer syntax would need helpers from a package that is not theirs.
const common = { cwd: root, platform: 'node', transform: { target: 'node20.19' } };
const { dependencies } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));
execFileSync(process.execPath, [`${root}scripts/generate.mjs`], { stdio: 'inherit', cwd: root });
rmSync(`${root}dist`, { recursive: true, force: true });
await buildProgram();
await buildStart();
await buildLab();
await prepareShipped();
chmodSync(`${root}dist/cli/main.js`, 0o755);

/** The program and its packages. What ssh2 can do without, native code, is looked for when it runs. */
async function buildProgram() {
  const bundle = await rolldown({
    ...common,
    input: { 'cli/rcdeploy': 'src/cli/start.ts' },
    external: [/^node:/],
    plugins: [trimmedSsh2(), nativeParts()],
    // A package that is not installed would be looked for at run time, where nobody has it.
    onLog(level, log, show) {
      if (log.code === 'UNRESOLVED_IMPORT') throw new Error(`${log.message}\nrun npm ci first`);
      show(level, log);
    },
  });
  const file = 'cli/rcdeploy.cjs';
  const { output } = await bundle.write({
    dir: `${root}dist`,
    format: 'cjs',
    codeSplitting: false,
    entryFileNames: file,
    comments: false,
  });
  // One byte for each character is read and compiled faster, and as the function that it is run as (src/cli/main.ts) it need not be copied.
  const ascii = readFileSync(`${root}dist/${file}`, 'utf8').replace(
    /[^\0-\x7f]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  writeFileSync(`${root}dist/${file}`, `(function (exports, require, module, __filename, __dirname) {${ascii}\n})\n`);
  writeNotices(output.flatMap((chunk) => Object.keys(chunk.modules ?? {})));
}

/**
 * What ssh2 does that nobody here asks for: agents for HTTP, which load Node's whole HTTP; native code that tells whether this CPU has AES, 3 ms
 * to load, for the order of two ciphers; and the proof of all its host keys that it wants of every OpenSSH, a signature each. Something must
 * be said then all the same, or sshd's next packet waits 43 ms for the acknowledgement of this one (Nagle).
 */
function trimmedSsh2() {
  const empty = '\0cpu-features';
  return {
    name: 'trimmed-ssh2',
    resolveId: (id) => (id === 'cpu-features' ? empty : undefined),
    load(id) {
      if (id === empty) return 'module.exports = () => undefined;';
      if (id.endsWith('/ssh2/lib/http-agents.js')) return 'module.exports = {};';
      if (!id.endsWith('/ssh2/lib/client.js')) return undefined;
      const call = 'hostKeysProve(this, data,';
      const text = readFileSync(id, 'utf8');
      if (text.split(call).length !== 2) throw new Error(`${id} asks for the proof of host keys in another way`);
      const instead = 'if (this.listenerCount("hostkeys") === 0) { callbacks.push(() => {}); proto.ping(); } else';
      return text.replace(call, `${instead} ${call}`);
    },
  };
}

/** Ciphers of ssh2 in native code, where npm has built it: half of what a packet costs. Its path inside ssh2 must be found from dist/ as well. */
function nativeParts() {
  return {
    name: 'native-parts',
    resolveId(id, importer) {
      if (!id.endsWith('.node') || !importer) return undefined;
      const path = join(dirname(importer), id);
      return { id: path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length), external: true };
    },
  };
}

/**
 * What starts the program. As an ES module it would load what Node reads and checks those with, and WebCrypto: 5 ms. The package says that
 * its `.js` files are such, so the directory says otherwise; and npx in a clone remembers the name.
 */
async function buildStart() {
  const bundle = await rolldown({ ...common, input: 'src/cli/main.ts', external: [/^node:/] });
  await bundle.write({ file: `${root}dist/cli/main.js`, format: 'cjs' });
  writeFileSync(`${root}dist/cli/package.json`, '{ "type": "commonjs" }\n');
}

/** The playbooks that come with the package, read and their templates judged ahead of time (src/source/prepared-yaml.ts). */
async function prepareShipped() {
  const bundle = await rolldown({ ...common, input: 'src/cli/prepare-shipped.ts', external: /^[^./]/ });
  const file = `${root}dist/build/prepare.js`;
  await bundle.write({ file });
  const { prepareShipped: prepare } = await import(pathToFileURL(file).href);
  rmSync(`${root}dist/build`, { recursive: true });
  const made = prepare();
  mkdirSync(`${root}dist/cli/prepared`);
  for (const [name, text] of made) writeFileSync(`${root}dist/cli/prepared/${name}`, text);
}

/** What scripts and tests use of the lab. Packages stay outside. */
async function buildLab() {
  const bundle = await rolldown({
    ...common,
    input: { 'lab/lab': 'src/lab/lab.ts', 'lab/unavailable': 'src/lab/unavailable.ts' },
    external: /^[^./]/,
  });
  const { output } = await bundle.write({ dir: `${root}dist`, chunkFileNames: 'chunks/[name]-[hash].js' });
  checkPackages(output);
}

/** A package that is not among the dependencies would be missing where rcdeploy is installed, and only there. */
function checkPackages(chunks) {
  const imports = chunks.flatMap((chunk) => [...(chunk.imports ?? []), ...(chunk.dynamicImports ?? [])]);
  for (const name of imports) {
    if (name.startsWith('node:') || name.startsWith('chunks/') || name.endsWith('.js')) continue;
    const dependency = name.split('/', name.startsWith('@') ? 2 : 1).join('/');
    if (!Object.hasOwn(dependencies, dependency)) throw new Error(`dist/ needs ${name}, which is no dependency`);
  }
}

/** The licences of the packages inside ask for their texts to go along. */
function writeNotices(modules) {
  const packages = [
    ...new Set(modules.flatMap((id) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(id)?.[0] ?? [])),
  ].sort();
  const notices = packages.map((directory) => {
    const { name, version, license } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'));
    const file = readdirSync(directory).find((each) => /^licen[cs]e/i.test(each));
    const text =
      file && existsSync(join(directory, file)) ? readFileSync(join(directory, file), 'utf8') : `License: ${license}`;
    return `${name} ${version}\n\n${text.trim()}\n`;
  });
  if (notices.length < 5) throw new Error('dist/ lacks the packages that it uses');
  writeFileSync(`${root}dist/THIRD-PARTY-NOTICES.txt`, notices.join(`\n${'-'.repeat(80)}\n\n`));
}
