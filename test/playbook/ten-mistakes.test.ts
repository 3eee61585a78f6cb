import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { InputError } from '../../src/errors/errors.ts';
import { loadInput } from '../../src/playbook/load-input.ts';

const directory = fileURLToPath(new URL('ten-mistakes', import.meta.url));

test('all mistakes of inventory, playbook, vars file and template are told at once, each where it stands', async () => {
  const loading = loadInput([`${directory}/inventory.yml`], [`${directory}/site.yml`], { origin: 'extra', vars: {} });
  const error = await loading.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(InputError);
  const { diagnostics } = error as InputError;
  const found = diagnostics.map(({ span, code, hint }) => {
    const place = `${relative(directory, span?.file ?? '')}:${span?.line}:${span?.column}`;
    const meant = /did you mean ("\w[\w ]*")|(quote [^:]+)/.exec(hint ?? '');
    return [place, code, meant?.[1] ?? meant?.[2]].filter((part) => part !== undefined).join(' ');
  });
  expect(found).toEqual([
    'inventory.yml:11:31 port-collision',
    'inventory.yml:14:25 wrong-type',
    'site.yml:3:3 unknown-keyword "become"',
    'site.yml:7:5 duplicate-key',
    'site.yml:16:7 unknown-keyword "when"',
    'site.yml:18:7 unknown-module "redis_server"',
    'site.yml:23:9 unknown-argument "owner"',
    'site.yml:24:18 wrong-type',
    'site.yml:26:48 wrong-type quote it',
    'site.yml:28:22 undefined-variable "data_dir"',
    'site.yml:31:43 template-syntax',
    'site.yml:34:15 unknown-handler "restart redis"',
    'site.yml:36:7 missing-argument',
    'site.yml:44:18 template-syntax',
    'site.yml:47:14 unquoted-template quote the template',
    'templates/redis.conf.j2:2:1 template-syntax',
    'vars.yml:4:1 yaml-missing-char',
  ]);
});
