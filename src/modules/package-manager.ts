import { quote, quoteAll } from '../sh/quote.ts';
import { readUpkeep, type UpkeepArgs } from './apt-upkeep.ts';

export type ManagerName = 'apt' | 'dnf' | 'yum' | 'zypper' | 'apk';

/** What the modules apt, dnf, yum, apk and package ask of a package manager. */
export interface PackageArgs extends UpkeepArgs {
  readonly name?: readonly string[];
  readonly state: 'present' | 'installed' | 'latest' | 'absent' | 'removed';
  readonly update_cache: boolean;
  readonly lock_timeout: number;
  readonly cache_valid_time?: number;
  readonly purge?: boolean;
  readonly autoremove?: boolean;
  readonly install_recommends?: boolean;
  readonly allow_downgrade?: boolean;
  readonly allow_change_held_packages?: boolean;
  readonly only_upgrade?: boolean;
  readonly default_release?: string;
  readonly dpkg_options?: string;
  readonly enablerepo?: readonly string[];
  readonly disablerepo?: readonly string[];
  readonly disable_gpg_check?: boolean;
  readonly install_weak_deps?: boolean;
  readonly repository?: readonly string[];
  readonly no_cache?: boolean;
}

export interface Manager {
  /** Prints `NAME|VERSION` for each installed package, then, for what needs it, `candidate NAME|VERSION` of the index (`-`: none known). */
  read(names: readonly string[], latest: boolean): string;
  /** The package's bare name of a spec such as `redis=7.0`. */
  nameOf(spec: string): string;
  /** The pinned version of a spec; undefined: any. */
  versionOf(spec: string): string | undefined;
  /** Whether candidates in the read are the whole truth, so that a name without one does not exist. */
  readonly knowsAll: boolean;
  update(args: PackageArgs): string;
  install(specs: readonly string[], args: PackageArgs): string;
  remove(names: readonly string[], args: PackageArgs): string;
}

const equalsPin = (spec: string) => spec.split('=');

const apt: Manager = {
  knowsAll: true,
  nameOf: (spec) => equalsPin(spec)[0] ?? spec,
  versionOf: (spec) => equalsPin(spec)[1],
  // The index is asked only when something is missing or the newest is wanted: apt-cache costs more than all the rest.
  read: (
    names,
    latest,
  ) => `o=$(dpkg-query -W -f '\${db:Status-Status} \${Package}|\${Version}\\n' -- ${quoteAll(names)} 2>/dev/null | grep '^installed ' | cut -d' ' -f2-)
printf '%s\\n' "$o"
if ${latest ? 'true' : `[ "$(printf '%s\\n' "$o" | grep -c .)" -lt ${names.length} ]`}; then
  apt-cache policy -- ${quoteAll(names)} 2>/dev/null | while IFS= read -r l; do case $l in
    *:) [ "\${l#" "}" = "$l" ] && n=\${l%:} ;;
    '  Candidate: '*) c=\${l#*: }; [ "$c" = '(none)' ] || echo "candidate $n|$c" ;;
  esac; done
fi
`,
  update: (args) => {
    const fresh = args.cache_valid_time
      ? `l=/var/lib/apt/lists; [ -d "$l" ] && [ $(( $(date +%s) - $(stat -c %Y "$l/partial" 2>/dev/null || stat -c %Y "$l") )) -lt ${args.cache_valid_time} ] && exit 0\n`
      : '';
    return `${fresh}apt-get -q update || exit\necho rcdeploy-cache-updated\n`;
  },
  install: (specs, args) => {
    const options = dpkgOptions(args);
    if (args.install_recommends !== undefined)
      options.push('-o', `APT::Install-Recommends=${args.install_recommends ? 'yes' : 'no'}`);
    if (args.allow_downgrade) options.push('--allow-downgrades');
    if (args.allow_change_held_packages) options.push('--allow-change-held-packages');
    if (args.only_upgrade) options.push('--only-upgrade');
    if (args.default_release !== undefined) options.push('-t', args.default_release);
    return `${aptQuiet}apt-get -q -y ${quoteAll(options)} install -- ${quoteAll(specs)}\n`;
  },
  remove: (names, args) =>
    `${aptQuiet}apt-get -q -y ${args.purge ? '--purge ' : ''}${args.autoremove ? '--auto-remove ' : ''}remove -- ${quoteAll(names)}\n`,
};

export function dpkgOptions(args: PackageArgs): string[] {
  const given = args.dpkg_options ?? 'force-confdef,force-confold';
  return given.split(',').flatMap((option) => ['-o', `Dpkg::Options::=--${option}`]);
}

export const aptQuiet =
  'export DEBIAN_FRONTEND=noninteractive DEBIAN_PRIORITY=critical APT_LISTCHANGES_FRONTEND=none NEEDRESTART_MODE=l\n';

/** rpm knows what is installed for dnf, yum and zypper alike. */
const rpmRead = (names: readonly string[]) =>
  `rpm -q --qf '%{NAME}|%{VERSION}-%{RELEASE}\\n%{NAME}-%{VERSION}|%{RELEASE}\\n%{NAME}-%{VERSION}-%{RELEASE}|\\n' ${quoteAll(names)} 2>/dev/null | grep '|'\n`;

function rpmManager(tool: 'dnf' | 'yum', candidates: (names: readonly string[]) => string): Manager {
  const options = (args: PackageArgs) =>
    quoteAll([
      '-y',
      ...(args.enablerepo ?? []).map((repository) => `--enablerepo=${repository}`),
      ...(args.disablerepo ?? []).map((repository) => `--disablerepo=${repository}`),
      ...(args.disable_gpg_check ? ['--nogpgcheck'] : []),
      ...(args.install_weak_deps === false ? ['--setopt=install_weak_deps=False'] : []),
    ]);
  return {
    knowsAll: false,
    nameOf: (spec) => spec,
    versionOf: () => undefined,
    read: (names, latest) => `${rpmRead(names)}${latest ? candidates(names) : ''}`,
    update: () => `${tool} -q -y makecache || exit\necho rcdeploy-cache-updated\n`,
    install: (specs, args) => {
      const verb = args.allow_downgrade ? 'downgrade' : args.state === 'latest' ? 'upgrade' : 'install';
      if (verb === 'install') return `${tool} ${options(args)} install ${quoteAll(specs)}\n`;
      const words = quoteAll(specs);
      return `${tool} ${options(args)} install ${words} || exit\n${tool} ${options(args)} ${verb} ${words}\n`;
    },
    remove: (names, args) =>
      `${tool} ${options(args)} ${args.autoremove ? '--setopt=clean_requirements_on_remove=1 ' : ''}remove ${quoteAll(names)}\n`,
  };
}

/** From the cache only: a read must not go to the network. Without a cache nothing is printed, and apply finds out. */
const dnfCandidates = (names: readonly string[]) => `u=$(dnf -q -C check-update ${quoteAll(names)} 2>/dev/null); r=$?
[ $r -ne 0 ] && [ $r -ne 100 ] || { echo 'candidate known|'; printf '%s\\n' "$u" | while read -r n v _; do [ -z "$v" ] || echo "candidate \${n%.*}|$v"; done; }
`;

const zypper: Manager = {
  ...rpmManager('dnf', () => ''),
  update: () => 'zypper --non-interactive --quiet refresh || exit\necho rcdeploy-cache-updated\n',
  install: (specs, args) =>
    `zypper --non-interactive ${args.state === 'latest' ? 'update' : 'install'} --auto-agree-with-licenses -- ${quoteAll(specs)}\n`,
  remove: (names, args) =>
    `zypper --non-interactive remove ${args.autoremove ? '--clean-deps ' : ''}-- ${quoteAll(names)}\n`,
};

const apk: Manager = {
  knowsAll: false,
  nameOf: (spec) => spec.split(/[=<>~@]/)[0] ?? spec,
  versionOf: (spec) => /^[^=]+=([^=].*)$/.exec(spec)?.[1],
  read: (names, latest) =>
    `for n in ${quoteAll(names)}; do v=$(apk info -ve -- "$n" 2>/dev/null) && [ -n "$v" ] && echo "$n|\${v#"$n"-}"; done\n${
      latest
        ? `u=$(apk version -l '<' -- ${quoteAll(names)} 2>/dev/null) && { echo 'candidate known|'; printf '%s\\n' "$u" | while read -r n s v; do [ "$s" != '<' ] || echo "candidate \${n%-*-r*}|$v"; done; }\n`
        : ''
    }:\n`,
  update: () => 'apk --no-progress update || exit\necho rcdeploy-cache-updated\n',
  install: (specs, args) => {
    const options = [
      ...(args.repository ?? []).flatMap((repository) => ['-X', repository]),
      ...(args.no_cache ? ['--no-cache'] : []),
      ...(args.state === 'latest' ? ['-u'] : []),
    ];
    return `apk --no-progress add ${quoteAll(options)} -- ${quoteAll(specs)}\n`;
  },
  remove: (names) => `apk --no-progress del -- ${quoteAll(names)}\n`,
};

export const managers: Readonly<Record<ManagerName, Manager>> = {
  apt,
  dnf: rpmManager('dnf', dnfCandidates),
  yum: rpmManager('yum', () => ''),
  zypper,
  apk,
};

/** The command that shows that a host has the package manager. */
export const managerCommands: readonly (readonly [ManagerName, string])[] = [
  ['apt', 'apt-get'],
  ['dnf', 'dnf'],
  ['yum', 'yum'],
  ['zypper', 'zypper'],
  ['apk', 'apk'],
];

/** sh that prints the manager's name and then its read; `use` skips the search. */
export function readPackages(
  use: ManagerName | 'auto',
  specs: readonly string[],
  latest: boolean,
  upkeep: UpkeepArgs = {},
): string {
  const branches = managerCommands
    .filter(([name]) => use === 'auto' || use === name)
    .map(([name, command]) => {
      const names = specs.map((spec) => managers[name].nameOf(spec));
      const more = name === 'apt' ? readUpkeep(upkeep) : '';
      const read = (names.length === 0 ? '' : managers[name].read(names, latest)) + more;
      return `if command -v ${quote(command)} >/dev/null 2>&1; then echo ${name}\n${read}exit 0; fi\n`;
    });
  return `${branches.join('')}echo none\n`;
}
