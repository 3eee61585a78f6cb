import { readdirSync } from 'node:fs';
import { closest, distance } from 'fastest-levenshtein';
import { packageFile } from '../../package/root.ts';
import { compareVersions } from '../../redis/versions/server-version.ts';
import { readDataFile } from '../redis-build/data-files.ts';
import type { Directives } from '../redis-build/directives-json.ts';

/** Accepted in redis.conf, but not listed by CONFIG GET. */
const unlisted = ['include', 'loadmodule', 'rename-command'];

/** What cannot change while the server runs, whatever CONFIG SET says: it names sockets and files that others rely on. */
const neverLive = ['bind', 'port', 'tls-port', 'dir', ...unlisted, 'user', 'slaveof', 'replicaof'];

/** A certificate and its key, which are of no use without each other: where they cannot be set together, they come with a restart. */
export const PAIRED = /^tls-(client-)?(cert|key)-file$/;

/** The directives of one server version: from its own binary, or from the shipped lists where none is installed yet. */
export class DirectiveNames {
  readonly #known: ReadonlySet<string>;
  readonly #fixed: ReadonlySet<string>;
  readonly defaults: Readonly<Record<string, string>>;

  constructor(directives: Directives | undefined, flavor: string, version: string | undefined) {
    this.#known = new Set([...(directives?.names ?? []), ...shippedNames(flavor, version), ...unlisted]);
    this.#fixed = new Set([...(directives?.fixed ?? fixedNames()), ...neverLive]);
    this.defaults = directives?.defaults ?? {};
  }

  /** The name that this server knows a directive by (`slave-*` before 5.0, `replica-*` since); undefined when it knows none. */
  resolve(name: string): string | undefined {
    const lower = name.toLowerCase();
    const modern = lower.replaceAll('slave', 'replica');
    return [modern, lower, lower.replaceAll('replica', 'slave')].find((one) => this.#known.has(one));
  }

  /** The known name most like an unknown one, when it is like one at all. */
  suggestion(name: string): string | undefined {
    const candidate = closest(name, [...this.#known]);
    return distance(name, candidate) <= Math.max(2, name.length / 3) ? candidate : undefined;
  }

  /** ACL users (6.0 and later). */
  get hasUsers(): boolean {
    return this.#known.has('acllog-max-len');
  }

  /** A replica logs in to its master with a line of words, which are split at spaces and may be quoted (before 5.0). */
  get logsInByLine(): boolean {
    return !this.#known.has('replica-priority');
  }

  /** Users are limited to channels (6.2 and later). */
  get hasChannels(): boolean {
    return this.#known.has('acl-pubsub-default');
  }

  /** One CONFIG SET changes several settings, all or none (7.0 and later). */
  get setsSeveral(): boolean {
    return this.#known.has('enable-protected-configs');
  }

  /** A change needs a restart. */
  isFixed(name: string): boolean {
    return this.#fixed.has(name) || (PAIRED.test(name) && !this.setsSeveral);
  }
}

function fixedNames(): string[] {
  return readDataFile('redis-fixed-directives.txt').split('\n').filter(Boolean);
}

/** The shipped list of the same minor version, else of the nearest older one, else of the oldest. */
function shippedNames(flavor: string, version: string | undefined): readonly string[] {
  const key = `${flavor} ${version}`;
  const known = shipped.get(key);
  if (known) return known;
  const file = flavor === 'valkey' || version === undefined ? newest(flavor) : nearest(version);
  const names = readDataFile(`redis-directives/${file}`).split('\n').filter(Boolean);
  shipped.set(key, names);
  return names;
}

/** Asked once for each host. */
const shipped = new Map<string, readonly string[]>();

function shippedVersions(): string[] {
  const names = readdirSync(packageFile('data/redis-directives'));
  return names.filter((name) => /^\d/.test(name)).sort(compareVersions);
}

function newest(flavor: string): string {
  return flavor === 'valkey' ? 'valkey-8.txt' : (shippedVersions().at(-1) ?? '');
}

function nearest(version: string): string {
  const minor = /^\d+\.\d+/.exec(version)?.[0] ?? '';
  const versions = shippedVersions();
  const same = versions.filter((name) => name.startsWith(`${minor}.`));
  return same.at(-1) ?? versions.filter((name) => compareVersions(name, version) <= 0).at(-1) ?? versions[0] ?? '';
}
