import { spawnSync } from 'node:child_process';
import { sizeLimit } from '../budget.ts';
import { wholeEnvironment } from '../environment.ts';
import { TemplateError } from '../values.ts';
import { allowOptions, type Lookup, textTerms } from './terms.ts';

/** Milliseconds that a command may take. */
const timeLimit = 60_000;

/** `lookup('pipe', command)`: what a shell command on the control machine prints. */
export const pipe: Lookup = (context, terms, options) => {
  allowOptions('pipe', options, []);
  return textTerms(terms).map((command) => {
    const done = spawnSync('/bin/sh', ['-c', command], {
      cwd: context.scope.baseDir,
      env: wholeEnvironment(),
      encoding: 'utf8',
      maxBuffer: sizeLimit,
      timeout: timeLimit,
      killSignal: 'SIGKILL',
    });
    if (done.error !== undefined) throw new TemplateError(`lookup 'pipe': '${command}' failed: ${done.error.message}`);
    if (done.status !== 0) {
      throw new TemplateError(`lookup 'pipe': '${command}' ended with status ${done.status}: ${done.stderr.trim()}`);
    }
    return done.stdout.trimEnd();
  });
};
