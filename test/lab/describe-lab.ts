import { describe } from 'vitest';
import { labUnavailable } from '../../src/lab/unavailable.ts';

/**
 * Tests that need a lab. Where none can be made they are reported as skipped, with the reason in their title; in CI
 * that is a failure, since a green run must have tried the real thing.
 */
export function describeLab(title: string, tests: () => void): void {
  const reason = labUnavailable();
  if (reason === undefined) {
    describe(title, tests);
    return;
  }
  if (process.env.CI === 'true') throw new Error(`lab tests must run in CI: ${reason}`);
  describe.skip(`${title} (skipped: ${reason})`, tests);
}
