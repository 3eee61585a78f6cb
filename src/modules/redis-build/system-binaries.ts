import { TaskError } from '../../errors/errors.ts';
import { quote } from '../../sh/quote.ts';
import type { ApplyContext } from '../contract.ts';
import type { BuildArgs } from '../redis_build.ts';
import type { BuildInfo, Platform } from './build-info.ts';
import { must } from './build-on-host.ts';
import { directivesScript } from './build-scripts.ts';
import { directivesJson } from './directives-json.ts';
import { linkScript } from './install-scripts.ts';
import { digestOf } from './spec.ts';

/** Installs the distribution's package without letting its own service start: that one is never taken over. */
function packageScript(flavor: string): string {
  return `[ "$(id -u)" = 0 ] || { echo "a package can only be installed by root: use become" >&2; exit 1; }
export DEBIAN_FRONTEND=noninteractive
if command -v apt-get >/dev/null; then
  package=${flavor}-server
  dpkg -s "$package" >/dev/null 2>&1 && exit 0
  if [ ! -e /usr/sbin/policy-rc.d ]; then
    trap 'rm -f /usr/sbin/policy-rc.d' EXIT
    printf '#!/bin/sh\\nexit 101\\n' >/usr/sbin/policy-rc.d && chmod 755 /usr/sbin/policy-rc.d
  fi
  apt='apt-get -qq -y -o DPkg::Lock::Timeout=300'
  $apt install "$package" >/dev/null || { $apt update >/dev/null && $apt install "$package" >/dev/null; } || exit 1
  ! command -v systemctl >/dev/null || systemctl disable "$package" >/dev/null 2>&1 || true
elif command -v dnf >/dev/null; then dnf -q -y install ${flavor}
elif command -v yum >/dev/null; then yum -q -y install ${flavor}
elif command -v zypper >/dev/null; then zypper -q -n install ${flavor}
elif command -v apk >/dev/null; then apk add -q ${flavor}
else echo "no package manager that is known here" >&2; exit 1
fi`;
}

/** Links to binaries that are on the host already (or come with a package now), beside what the server says of itself. */
export async function installSystem(args: BuildArgs, context: ApplyContext, platform: Platform): Promise<BuildInfo> {
  if (args.method === 'package') {
    context.progress(`installing the distribution's ${args.flavor} package`);
    await must(context, packageScript(args.flavor), `the distribution's ${args.flavor} package could not be installed`);
  }
  const names = args.flavor === 'valkey' ? ['valkey', 'redis'] : ['redis'];
  const dir = `${args.prefix}/${args.method}`;
  const found = await must(context, layOutScript(dir, args.bin_dir, names), `${args.bin_dir} cannot be used`);
  const [version = '', systemd] = found.stdout.trim().split('\n');
  if (args.spec.version !== undefined && version !== args.spec.version) {
    throw new TaskError(`${args.bin_dir} holds ${args.flavor} ${version}, not ${args.spec.version}`, {
      hint: 'leave the version out to take what is there, or use method: source',
    });
  }
  const answers = (await must(context, directivesScript(`${dir}.new`, `${dir}.new/bin`), 'the server does not run'))
    .stdout;
  const info: BuildInfo = {
    key: digestOf([args.method, version, platform]),
    flavor: args.flavor,
    version,
    origin: args.method,
    sources: [],
    makeArgs: [],
    platform,
    notify: systemd === 'systemd',
    tls: false,
  };
  const write = (name: string, text: string) =>
    must(context, `cat >${quote(`${dir}.new/${name}`)}`, `${name} could not be written`, { stdin: Buffer.from(text) });
  await write('directives.json', directivesJson(answers));
  await write('build.json', JSON.stringify(info));
  await must(
    context,
    `rm -rf ${quote(dir)} && mv ${quote(`${dir}.new`)} ${quote(dir)}`,
    `${dir} could not be put in place`,
  );
  await must(context, linkScript(args.prefix, args.method), `${args.prefix}/current could not be set`);
  return info;
}

function layOutScript(dir: string, binDir: string, names: readonly string[]): string {
  return `umask 022
new=${quote(`${dir}.new`)} from=${quote(binDir)}
rm -rf "$new" && mkdir -p "$new/bin" || exit 1
for tool in server cli; do
  for name in ${names.join(' ')}; do
    [ ! -x "$from/$name-$tool" ] || { ln -s "$from/$name-$tool" "$new/bin/redis-$tool"; break; }
  done
  [ -e "$new/bin/redis-$tool" ] || { echo "there is no ${names.join(' or ')}-$tool in $from" >&2; exit 1; }
done
"$new/bin/redis-server" --version | sed -n 's/.* v=\\([^ ]*\\).*/\\1/p'
grep -q 'libsystemd[.]so' "$new/bin/redis-server" && echo systemd
true`;
}
