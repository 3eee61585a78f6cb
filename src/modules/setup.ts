import type { HostModule } from './contract.ts';
import { networkFacts } from './facts-network.ts';
import { factsScript, sectionsOf } from './facts-script.ts';
import { distributionFacts, hardwareFacts, systemFacts, virtualFacts } from './facts-system.ts';
import type { SetupArgs } from './generated/setup.ts';
import { failedScript } from './reply-lines.ts';

type Facts = Record<string, unknown>;

const subsets = ['hardware', 'network', 'virtual'] as const;

/** Facts by the subset that Ansible counts them to; `min` is always there unless it is left out. */
const factsOf: Readonly<Record<'min' | (typeof subsets)[number], (section: (name: string) => string[]) => Facts>> = {
  min: (section) => ({ ...distributionFacts(section), ...systemFacts(section) }),
  hardware: hardwareFacts,
  network: networkFacts,
  virtual: virtualFacts,
};

function wantedSubsets(gather: readonly string[]): Set<string> {
  const wanted = new Set<string>(['min']);
  const names = gather.length === 0 ? ['all'] : gather;
  if (names.every((name) => name.startsWith('!'))) for (const name of subsets) wanted.add(name);
  for (const name of names)
    if (!name.startsWith('!')) for (const one of name === 'all' ? subsets : [name]) wanted.add(one);
  for (const name of names.filter((one) => one.startsWith('!'))) {
    const bare = name.slice(1);
    if (bare === 'all') for (const one of subsets) wanted.delete(one);
    else wanted.delete(bare);
  }
  for (const name of names) if (!name.startsWith('!') && name !== 'all') wanted.add(name);
  return wanted;
}

/** fnmatch over the names with and without `ansible_`, as Ansible's `filter` does. */
function matching(facts: Facts, filters: readonly string[]): Facts {
  const globs = filters.filter((filter) => filter !== '' && filter !== '*');
  if (globs.length === 0) return facts;
  const patterns = globs.map(
    (glob) =>
      new RegExp(
        `^${glob
          .replace(/[.+^${}()|\\]/g, '\\$&')
          .replaceAll('*', '.*')
          .replaceAll('?', '.')
          .replaceAll('[!', '[^')}$`,
      ),
  );
  return Object.fromEntries(
    Object.entries(facts).filter(([name]) =>
      patterns.some((pattern) => pattern.test(name) || pattern.test(name.slice('ansible_'.length))),
    ),
  );
}

export const setup: HostModule<SetupArgs, string> = {
  kind: 'host',
  name: 'setup',
  fusable: true,
  read(args) {
    const wanted = wantedSubsets(args.gather_subset);
    return { script: factsScript(wanted.has('hardware') || wanted.has('virtual')) };
  },
  parse({ reply }) {
    if (!reply.stdout.includes('\n@@env\n')) throw failedScript(reply, 'gathering facts');
    return reply.stdout;
  },
  plan(output, args) {
    const known = ['all', 'min', ...subsets];
    const odd = args.gather_subset.find((name) => !known.includes(name.replace(/^!/, '')));
    if (odd !== undefined) {
      return {
        changes: [],
        failed: `Bad subset '${odd}' given to Ansible. gather_subset options allowed: ${known.join(', ')}`.replace(
          ' given to Ansible',
          '',
        ),
      };
    }
    const wanted = wantedSubsets(args.gather_subset);
    const section = sectionsOf(output);
    const merged = Object.entries(factsOf)
      .filter(([name]) => wanted.has(name))
      .map(([, facts]) => facts(section));
    const named = Object.fromEntries(
      Object.entries(Object.assign({}, ...merged) as Facts).map(([name, value]) => [`ansible_${name}`, value]),
    );
    const facts = matching(named, args.filter);
    return {
      changes: [],
      result: { ansible_facts: { ...facts, gather_subset: args.gather_subset, module_setup: true } },
    };
  },
  apply: async () => ({}),
};
