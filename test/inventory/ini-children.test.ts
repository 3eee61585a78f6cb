import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { InputError } from '../../src/errors/errors.ts';
import { loadInventory } from '../../src/inventory/inventory.ts';

async function findings(text: string): Promise<string[]> {
  const file = join(mkdtempSync(join(tmpdir(), 'rcdeploy-ini-')), 'hosts.ini');
  writeFileSync(file, text);
  try {
    await loadInventory([file]);
    return [];
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return error.diagnostics.map(({ code, span, hint }) => `${span?.line} ${code} (${hint})`);
  }
}

it('refuses a child group that no section makes, and suggests the one that was meant', async () => {
  expect(await findings('[dc:children]\nredsi\nlater\n[redis]\nh1\n[later]\nh2\n')).toEqual([
    '2 unknown-group (did you mean "redis"?)',
  ]);
  expect(await findings('[dc:children]\nredis\n[redis:vars]\na=1\n')).toEqual([]);
});
