import { defineConfig } from 'vitest/config';

/** `*.test.ts` is pure and fast; `*.lab.ts` needs root and Linux, and real sshd, systemd and redis-server. */
export default defineConfig({
  test: {
    globalSetup: ['test/generate.ts'],
    projects: [
      { test: { name: 'unit', include: ['test/**/*.test.ts'] } },
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
