import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Lab } from '../../src/lab/contract.ts';
import { labUp } from '../../src/lab/lab.ts';
import { describeLab } from '../lab/describe-lab.ts';
import { fromTarball, start } from './rcdeploy.ts';

describeLab('a server in the foreground', () => {
  let lab: Lab;
  let source: string[];
  beforeAll(async () => {
    source = await fromTarball();
    lab = await labUp({ name: 'foreground', hosts: 1, replace: true });
  });
  afterAll(() => lab?.down());

  it('shows its log, answers, and saves and ends with Ctrl-C', async () => {
    const args = ['run', 'playbooks/standalone.yml', '-i', lab.inventoryFile, ...source, '-e', 'redis_foreground=true'];
    const run = start(args);
    const cli = '/opt/redis/current/bin/redis-cli -p 6379';
    const asked = await lab
      .host('h1')
      .exec(`until [ "$(${cli} ping 2>/dev/null)" = PONG ]; do sleep 0.1; done; ${cli} set foo bar`, {
        timeoutMs: 500_000,
      });
    expect(asked.stdout.trim()).toBe('OK');
    run.child.kill('SIGINT');
    const finished = await run.finished;
    expect(finished.exit).toBe(130);
    const log = finished.events.flatMap((event) => (event.event === 'wait' && event.output ? [event.message] : []));
    expect(log.join('\n')).toMatch(/Ready to accept connections.*Redis is now ready to exit/s);
    expect((await lab.host('h1').exec('pgrep redis-server')).rc).toBe(1);
  }, 600_000);
});
