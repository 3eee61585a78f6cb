import { defineConfig } from 'vitest/config';

/** `*.test.ts` is pure and fast; `*.lab.ts` needs root and Linux, and real sshd, systemd and redis-server. */
export default defineConfig({
  test: {
    globalSetup: ['test/generate.ts'],
    projects: [
      // The limit is for a hang; property tests take seconds on a busy machine.
      { test: { name: 'unit', include: ['test/**/*.test.ts'], testTimeout: 60_000 } },
      {
        test: {
          name: 'lab',
          include: ['test/**/*.lab.ts'],
          fileParallelism: false,
          testTimeout: 180_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
});
