import type { HostModule } from './contract.ts';
import type { PackageArgs } from './generated/package.ts';
import type { ManagerName } from './package-manager.ts';
import { type PackageState, packageModule } from './package-module.ts';

/** Arguments of single package managers, which `package` hands on; a host with another manager is told, as Ansible does. */
const takenBy: ReadonlyMap<keyof PackageArgs, readonly ManagerName[]> = new Map([
  ['allow_downgrade', ['apt', 'dnf', 'yum']],
  ['autoremove', ['apt', 'dnf', 'yum']],
  ['cache_valid_time', ['apt']],
  ['disable_gpg_check', ['dnf', 'yum']],
  ['disablerepo', ['dnf', 'yum']],
  ['enablerepo', ['dnf', 'yum']],
  ['install_recommends', ['apt']],
  ['purge', ['apt']],
]);

const whatever = packageModule<PackageArgs>('package', (args) => args.use);

export const packageAny: HostModule<PackageArgs, PackageState> = {
  ...whatever,
  plan(state, args, env) {
    const { manager } = state;
    const wrong = [...takenBy].find(
      ([name, managers]) => args[name] !== undefined && manager !== 'none' && !managers.includes(manager),
    );
    if (wrong === undefined) return whatever.plan(state, args, env);
    return {
      changes: [],
      failed: `${manager} of ${env.host} does not take ${wrong[0]}: leave it away there, or omit it`,
    };
  },
};
