import { createHash, createHmac } from 'node:crypto';
import { TaskError } from '../errors/errors.ts';
import { matchesHosts } from '../transport/known-hosts.ts';
import { type Edit, editingModule } from './edited-file.ts';
import type { KnownHostsArgs as SchemaArgs } from './generated/known_hosts.ts';
import { type HostText, linesWithEnds } from './host-text.ts';

type KnownHostsArgs = SchemaArgs & { readonly create: true };

interface Key {
  readonly hosts: string;
  readonly type: string;
  readonly data: string;
}

function keyIn(line: string): Key | undefined {
  const words = line.trim().split(/\s+/);
  if (words[0]?.startsWith('#') || words.length < 3) return undefined;
  const [hosts = '', type = '', data = ''] = words[0]?.startsWith('@') ? words.slice(1) : words;
  return data === '' ? undefined : { hosts, type, data };
}

/** The salt is taken from the entry, so that check mode shows the line that the run writes. */
function hashed(name: string, key: Key): string {
  const salt = createHash('sha1').update(`${name}\n${key.data}`).digest();
  const hash = createHmac('sha1', salt).update(name).digest('base64');
  return `|1|${salt.toString('base64')}|${hash} ${key.type} ${key.data}\n`;
}

function edit(content: HostText, args: KnownHostsArgs, exists: boolean): Edit {
  if (args.name.includes(',')) {
    throw new TaskError(
      'Comma separated list of names is not supported. Please pass a single name to lookup in the known_hosts file.',
    );
  }
  const name = args.name.toLowerCase();
  const result = { name: args.name, key: args.key, path: args.path, hash_host: args.hash_host };
  const lines = linesWithEnds(content.text);
  const mine = (line: string) => {
    const found = keyIn(line);
    return found !== undefined && matchesHosts(found.hosts, name) ? found : undefined;
  };
  const wanted = args.key === undefined ? undefined : wantedKey(args.key, name);
  if (args.state === 'absent') {
    const kept = lines.filter((line) => {
      const found = mine(line);
      return found === undefined || (wanted !== undefined && found.data !== wanted.data);
    });
    return { text: kept.join(''), msg: '', leaves: !exists, result };
  }
  if (wanted === undefined) throw new TaskError('No key specified when adding a host');
  if (lines.some((line) => mine(line)?.data === wanted.data)) return { text: content.text, msg: '', result };
  const kept = lines.filter((line) => mine(line)?.type !== wanted.type).join('');
  const line = args.hash_host ? hashed(name, wanted) : `${args.key?.trim()}\n`;
  return { text: `${kept === '' || kept.endsWith('\n') ? kept : `${kept}\n`}${line}`, msg: '', result };
}

function wantedKey(text: string, name: string): Key {
  const key = text.trim().includes('\n') ? undefined : keyIn(text);
  if (key === undefined || !/^[A-Za-z0-9+/]+=*$/.test(key.data)) {
    throw new TaskError('the key is no line of a known_hosts file', {
      hint: 'give one whole line, as ssh-keyscan prints it',
    });
  }
  if (!matchesHosts(key.hosts, name)) {
    throw new TaskError('Host parameter does not match hashed host field in supplied key', {
      hint: `the key is for ${key.hosts}, the task names ${name}`,
    });
  }
  return key;
}

const editing = editingModule<KnownHostsArgs>({ name: 'known_hosts', edit, describes: true });

export const knownHosts: typeof editing = {
  ...editing,
  prepare: (args) => ({ ...args, create: true }),
};
