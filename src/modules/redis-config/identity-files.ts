import { isAbsolute, join, normalize } from 'node:path/posix';
import type { SettingLines } from '../../redis/conf/conf-settings.ts';

/** Directives that name files which the server itself writes. */
const fileDirectives = ['cluster-config-file', 'aclfile', 'dbfilename', 'appendfilename', 'logfile', 'pidfile'];

/** Why the path cannot take a redis.conf: it is, by name or by what stands in it, a file in which Redis keeps its own state. */
export function identityProblem(
  path: string,
  text: string | undefined,
  settings: ReadonlyMap<string, SettingLines>,
): string | undefined {
  const dir = settings.get('dir')?.[0]?.[0] ?? '';
  for (const directive of fileDirectives) {
    const file = settings.get(directive)?.[0]?.[0];
    if (file && (isAbsolute(file) ? normalize(file) : join(dir, file)) === normalize(path)) {
      return `${path} cannot hold the configuration: ${directive} names the same file`;
    }
  }
  const kind = text === undefined ? undefined : kindOf(text);
  return kind && `${path} is ${kind}, which belongs to Redis: give the configuration another path`;
}

function kindOf(text: string): string | undefined {
  if (/^[0-9a-f]{40} \S*:\d+@\d+|^vars currentEpoch /m.test(text)) return "a node's cluster state (nodes.conf)";
  if (/^(REDIS|VALKEY)\d/.test(text)) return 'a data file';
  const lines = text.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#'));
  return lines.length > 0 && lines.every((line) => /^user \S+ \S/.test(line)) ? 'an ACL file' : undefined;
}
