import type { Change } from './contract.ts';

/** What apt does besides installing and removing what a task names. */
export interface UpkeepArgs {
  readonly upgrade?: 'no' | 'yes' | 'safe' | 'full' | 'dist';
  readonly clean?: boolean;
  readonly autoclean?: boolean;
}

const simulate = 'apt-get -s -q -o Debug::NoLocking=1';

function upgradeWords(args: UpkeepArgs): string | undefined {
  if (args.upgrade === 'yes' || args.upgrade === 'safe') return 'upgrade --with-new-pkgs';
  return args.upgrade === 'full' || args.upgrade === 'dist' ? 'dist-upgrade' : undefined;
}

/** apt-get itself says what it would do: `upkeep KIND NAME [OLD] (NEW …)`. */
export function readUpkeep(args: UpkeepArgs): string {
  const upgrade = upgradeWords(args);
  return [
    ...(upgrade === undefined
      ? []
      : [`${simulate} ${upgrade} 2>/dev/null | sed -n 's/^\\(Inst\\|Remv\\) /upkeep \\1 /p'\n`]),
    ...(args.autoclean ? [`${simulate} autoclean 2>/dev/null | sed -n 's/^Del /upkeep Del /p'\n`] : []),
    ...(args.clean
      ? ['for f in /var/cache/apt/archives/*.deb; do [ ! -e "$f" ] || { echo "upkeep clean"; break; }; done\n']
      : []),
  ].join('');
}

/** The changes that one line of the read tells; none for every other line. */
export function upkeepChange(line: string): Change | undefined {
  const [, kind, rest = ''] = /^upkeep (\w+) ?(.*)$/.exec(line) ?? [];
  const [, name = '', old, next] = /^(\S+)(?: \[([^\]]*)\])?(?: \((\S+))?/.exec(rest) ?? [];
  if (kind === 'Inst') return { what: `package ${name}`, before: old ?? 'absent', after: next ?? 'latest' };
  if (kind === 'Remv') return { what: `package ${name}`, before: old ?? 'present', after: 'absent' };
  if (kind === 'Del')
    return { what: 'archives of packages that cannot be fetched any more', before: 'kept', after: 'removed' };
  if (kind === 'clean') return { what: 'archives of packages', before: 'kept', after: 'removed' };
  return undefined;
}

/** The commands, in Ansible's order; `options` are apt-get's for installing. */
export function upkeepScripts(args: UpkeepArgs, options: string): { readonly what: string; readonly script: string }[] {
  const upgrade = upgradeWords(args);
  return [
    ...(args.clean ? [{ what: 'removing the archives of packages', script: 'apt-get -q clean\n' }] : []),
    ...(upgrade === undefined
      ? []
      : [{ what: 'upgrading packages', script: `${options}apt-get -q -y "$@" ${upgrade}\n` }]),
    ...(args.autoclean ? [{ what: 'removing old archives', script: 'apt-get -q -y autoclean\n' }] : []),
  ];
}
