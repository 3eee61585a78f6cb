#!/usr/bin/env node
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { constants, Script } from 'node:vm';
import { CodeCache } from './code-cache.ts';
import { loadOwnModulesOfNode } from './preload.ts';
import type { start as startProgram } from './start.ts';

loadOwnModulesOfNode();
// A run is short: to optimise code that is about to end took a tenth of its CPU on other threads. Later V8 has no such flag, and
// says so aloud.
if (process.versions.node.startsWith('20.')) setFlagsFromString('--interrupt-budget=3000000');
// What has not run for some collections of garbage loses its code, and would be missing in what is kept: after a run of 4 s that was
// a quarter of it, 0.08 s of the next start.
setFlagsFromString('--no-flush-bytecode');

/** The program, one file (scripts/build.mjs), run with what V8 made of it last time: to compile it anew took a fifth of a run. */
const file = join(import.meta.dirname, 'rcdeploy.cjs');
const cache = new CodeCache(file);
const script = new Script(cache.source, {
  filename: file,
  cachedData: cache.code,
  importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
});
const module: { exports: { start?: typeof startProgram } } = { exports: {} };
script.runInThisContext()(module.exports, require, module, file, import.meta.dirname);
// Nothing is left that could happen, and it still waits: Node would call that success.
process.once('beforeExit', () => {
  process.exitCode = 13;
});
void run(process.argv.slice(2));

async function run(argv: readonly string[]): Promise<void> {
  const exit = (await module.exports.start?.(argv)) ?? 1;
  if (exit === 0 && CodeCache.isWanted(argv) && (script.cachedDataRejected ?? true))
    cache.keep(script.createCachedData());
  process.exit(exit);
}
