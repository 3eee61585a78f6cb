import { defineConfig } from 'vitest/config';

/**
 * What uses this machine's own ports, users, packages or lock (a local connection without check mode takes it): one file after
 * another. The other lab tests have hosts of their own and may run beside these; so may what stands in the last line, for two
 * halves of about the same length.
 */
const machineTests = [
  'test/{cli,differential,load,modules,playbooks,redis,redis-cli,report}/**/*.lab.ts',
  'test/engine/async.lab.ts',
  'test/redis-source.lab.ts',
  'test/{matrix,rolling}/**/*.lab.ts',
];

const labTests = { fileParallelism: false, testTimeout: 180_000, hookTimeout: 300_000 };

/** `*.test.ts` is pure and fast; `*.lab.ts` needs root and Linux, and real sshd, systemd and redis-server. */
export default defineConfig({
  test: {
    globalSetup: ['test/temp-directory.ts', 'test/generate.ts'],
    projects: [
      // The limit is for a hang; property tests take seconds on a busy machine.
      { test: { name: 'unit', include: ['test/**/*.test.ts'], testTimeout: 60_000, hookTimeout: 60_000 } },
      { test: { ...labTests, name: 'lab-hosts', include: ['test/**/*.lab.ts'], exclude: machineTests } },
      { test: { ...labTests, name: 'lab-machine', include: machineTests } },
    ],
  },
});
