import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { officialVersions } from '../../modules/redis-build/official-digests.ts';
import { packageRoot } from '../../package/root.ts';
import { flawTable } from '../../redis/versions/known-flaws.ts';
import { suitableKind } from '../../report/reporter.ts';
import { cacheDirectory } from '../cache-dir.ts';
import { runsDirectory } from '../history/recorder.ts';
import { packageVersion } from '../package-files.ts';
import { wantsColour } from '../terminal.ts';

/** One thing that runs from here go by. */
export interface OwnSetting {
  readonly name: string;
  readonly value: string;
  /** What it comes from, and what would make it another. */
  readonly by: string;
}

/** What a command that is given no options goes by: in this directory, for this user, on this terminal. */
export function ownSettings(): OwnSetting[] {
  const { env, stdout, version, platform, arch } = process;
  const setting = (name: string, value: string, by = '') => ({ name, value, by });
  return [
    setting('version', `${packageVersion()} on Node ${version}, ${platform} ${arch}`),
    setting('package', packageRoot, 'playbooks, inventories and schemas that come with it'),
    setting('inventory', there('inventory'), '-i'),
    setting('output', suitableKind(stdout, env), '--output; the terminal, CI, TERM'),
    setting('colour', wantsColour() ? 'yes' : 'no', 'the terminal, NO_COLOR, TERM'),
    setting('ssh configuration', there(join(homedir(), '.ssh', 'config')), 'HOME; /etc/ssh/ssh_config counts too'),
    setting('ssh agent', env.SSH_AUTH_SOCK || 'none', 'SSH_AUTH_SOCK, IdentityAgent of ssh_config'),
    setting('builds and sources', cacheDirectory(false), 'XDG_CACHE_HOME; may be emptied'),
    setting('notes of runs', runsDirectory(), 'XDG_STATE_HOME; `rcdeploy history`'),
    setting('editor of vaults', env.VISUAL || env.EDITOR || 'vi', 'VISUAL, EDITOR'),
    setting('published flaws', `known until ${flawTable().date}`, 'data/redis-security.json of the package'),
    setting('digests of Redis', `up to ${officialVersions()[0]}`, 'data/redis-hashes.txt of the package'),
  ];
}

function there(path: string): string {
  return existsSync(path) ? path : `none: there is no ${path}`;
}
