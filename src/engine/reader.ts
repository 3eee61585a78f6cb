import { randomBytes } from 'node:crypto';
import { UnreachableError } from '../errors/errors.ts';
import type { ReadAnswer, ReadRequest } from '../modules/contract.ts';
import { openNodeLink } from '../redis/node/client.ts';
import type { NodeAccess, NodeAnswer, NodeLink, NodeQuery } from '../redis/node/contract.ts';
import { KeptLinks } from '../redis/node/kept-links.ts';
import { becomeName } from '../transport/become-methods.ts';
import type { Become, Reply } from '../transport/contract.ts';
import { runCancellable } from './apply-context.ts';
import { type Care, fuse, unfuse } from './fuse.ts';
import type { PlayContext, Run } from './run-state.ts';
import { wayToNode } from './way-to-node.ts';
import type { Way } from './ways.ts';

/** A read script and who runs it where. */
export interface ScriptRead {
  readonly way: Way;
  readonly become: Become | undefined;
  readonly script: string;
  readonly env: Readonly<Record<string, string>>;
  /** Paths, as words of sh, that the script looks at; a hint. */
  readonly stats?: readonly string[] | undefined;
  /** Asked because the last run did; no task of this run wants it yet. */
  readonly early?: true;
}

/** A question to a node, and from where it is asked. */
export interface FromQuery {
  readonly query: NodeQuery;
  readonly way: Way;
}

/** Looking takes milliseconds; a host that cannot even be looked at (a hung disk, a stopped process) must not hold the run. */
const READ_TIMEOUT_MS = 60_000;
/** What was asked before a task wanted it serves no longer than this. */
const EARLY_MS = 30_000;

const NOTHING: Reply = { rc: 0, stdout: '', stderr: '' };

/**
 * Reads hosts and nodes, each thing once until something changes. Replies are known by what was asked, so a read sent early
 * serves the task whose turn comes later, and a task whose question turned out differently just asks again.
 */
export class Reader {
  readonly #run: Run;
  readonly #links = new KeptLinks();
  #nodes = new Map<string, Promise<NodeAnswer>>();
  /** Until something is changed anywhere: only then is a look at the beginning as good as one when its turn comes. */
  #foresees = true;

  constructor(run: Run) {
    this.#run = run;
  }

  async read(
    request: ReadRequest,
    where: Omit<ScriptRead, 'script'>,
    {
      becomeOn = () => where.become,
      foreseeable = false,
    }: { becomeOn?: (host: string) => Become | undefined; foreseeable?: boolean } = {},
  ): Promise<ReadAnswer> {
    const others = (request.elsewhere ?? []).map((other): ScriptRead => {
      const { host, script, asTaskUser } = other;
      const way = this.#run.ways.from(where.way, host);
      return asTaskUser ? { ...where, way, script, become: becomeOn(host) } : this.#ofState(way, script);
    });
    const own = request.script === undefined ? [] : [{ ...where, script: request.script, stats: request.stats }];
    if (foreseeable) for (const read of [...own, ...others]) this.#note(read);
    const [reply, nodes, elsewhere] = await Promise.all([
      this.#scripts(own)[0] ?? NOTHING,
      Promise.all((request.nodes ?? []).map((query) => this.#query(query, where.way))),
      Promise.all(this.#scripts(others)),
    ]);
    return { reply: reply ?? NOTHING, nodes, elsewhere, ...(reply && 'at' in reply && { at: Number(reply.at) }) };
  }

  /** Send what is not known yet as one message per shell. The replies wait in the cache; failures come out when one is asked for. */
  readAhead(reads: readonly ScriptRead[], queries: readonly FromQuery[]): void {
    for (const promise of this.#scripts(reads)) promise.catch(() => undefined);
    for (const { query, way } of queries) this.#query(query, way).catch(() => undefined);
  }

  /** What the last run of the same asked this host, as far as this run may ask it in the same way. */
  askedBefore(host: string, context: PlayContext): ScriptRead[] {
    const { askedBefore, fuse, confirmTask } = this.#run.request;
    if (askedBefore === undefined || !fuse || confirmTask !== undefined || !this.#foresees) return [];
    const way = this.#run.ways.to(host, context);
    if (!this.#run.keepers.isFirst(way)) return [];
    const state = this.#run.keepers.of(way).become;
    return askedBefore.of(host).flatMap(({ become, script, stats }) => {
      if (become !== '' && become !== userOf(state)) return [];
      return [{ way, become: become === '' ? undefined : state, env: {}, script, stats, early: true as const }];
    });
  }

  /** Something is changed or waited for: what was asked at the beginning may not hold any more, on any host. */
  forgetEarly(): void {
    this.#foresees = false;
    for (const host of this.#run.hosts.values()) host.forgetEarly();
  }

  #note({ way, become, env, script, stats = [] }: ScriptRead): void {
    if (Object.keys(env).length > 0 || !this.#run.keepers.isFirst(way)) return;
    this.#run.request.askedBefore?.note(way.host, { become: userOf(become), script, stats });
  }

  /** Whatever was changed, nodes may answer differently now, or be other processes. */
  forgetNodes(): void {
    this.#nodes = new Map();
    this.dropLinks();
  }

  /** No question is put to a process that may have been ended since. */
  dropLinks(): void {
    this.#links.drop();
  }

  /** When the connections to the hosts have ended. */
  closeLinks(): void {
    this.#links.close();
  }

  /** Ask a node now, whatever is known. */
  async queryNow(query: NodeQuery, from: Way): Promise<NodeAnswer> {
    return this.#links.query(await wayToNode(query, from, this.#run), query, false);
  }

  async link(node: NodeAccess, from: Way): Promise<NodeLink> {
    return openNodeLink(await wayToNode(node, from, this.#run), node);
  }

  /** What is kept in the state directory is read by its owner, so that what was read first on a host serves again. */
  #ofState(way: Way, script: string): ScriptRead {
    return { ...this.#run.keepers.of(way), script, env: {} };
  }

  #query(query: NodeQuery, from: Way): Promise<NodeAnswer> {
    const key = JSON.stringify(query);
    let answer = this.#nodes.get(key);
    if (!answer) {
      answer = this.#read(query, from);
      this.#nodes.set(key, answer);
    }
    return answer;
  }

  async #read(query: NodeQuery, from: Way): Promise<NodeAnswer> {
    return this.#links.query(await wayToNode(query, from, this.#run), query, true);
  }

  #scripts(reads: readonly ScriptRead[]): Promise<Reply>[] {
    const missing = new Map<string, Map<string, ScriptRead>>();
    for (const read of reads) {
      const { reads: cache, early } = this.#run.host(read.way.host);
      const key = keyOf(read);
      if (performance.now() - (early.get(key) ?? Number.POSITIVE_INFINITY) > EARLY_MS) cache.delete(key);
      if (cache.has(key)) continue;
      const shell = JSON.stringify([read.way.id, read.become, read.env]);
      const group = missing.get(shell) ?? new Map<string, ScriptRead>();
      // Asked by a task and foreseen as well: then it is the task's.
      if (!group.has(key)) group.set(key, read);
      missing.set(shell, group);
    }
    for (const group of missing.values()) this.#send([...group.entries()]);
    return reads.map((read) => this.#run.host(read.way.host).reads.get(keyOf(read)) ?? Promise.resolve(NOTHING));
  }

  #send(group: readonly (readonly [string, ScriptRead])[]): void {
    const first = group[0]?.[1];
    if (!first) return;
    const replies = this.#runHoping(
      group.map(([, read]) => read),
      first,
    );
    const { reads: cache, early } = this.#run.host(first.way.host);
    group.forEach(([key, read], index) => {
      const reply = replies.then((all) => all[index] ?? Promise.reject(new Error('asked in vain')));
      reply.catch(() => cache.get(key) === reply && cache.delete(key));
      cache.set(key, reply);
      if (read.early) early.set(key, performance.now());
      else early.delete(key);
    });
  }

  /** What was only foreseen may be what hangs or floods (a disk that is gone since): then the rest is asked alone. */
  async #runHoping(reads: readonly ScriptRead[], where: ScriptRead): Promise<(Reply | undefined)[]> {
    try {
      return await this.#runFused(reads, where);
    } catch (error) {
      const wanted = reads.filter(({ early }) => !early);
      const isLost = error instanceof UnreachableError || this.#run.request.signal.aborted;
      if (wanted.length === reads.length || isLost) throw error;
      const replies = await this.#runFused(wanted, where);
      return reads.map((read) => replies[wanted.indexOf(read)]);
    }
  }

  async #runFused(reads: readonly ScriptRead[], where: ScriptRead): Promise<Reply[]> {
    try {
      return await this.#ask(reads, where);
    } catch (error) {
      // A read has no effect, so a connection that was cut in it is tried once more.
      const wasConnected = this.#run.connections.isEstablished(where.way);
      if (!(error instanceof UnreachableError) || error.refused || !wasConnected) throw error;
      if (this.#run.request.signal.aborted) throw error;
      await this.#run.connections.drop(where.way);
      return await this.#ask(reads, where);
    }
  }

  async #ask(reads: readonly ScriptRead[], where: ScriptRead, care: Care = 'quick'): Promise<Reply[]> {
    const marker = randomBytes(16).toString('hex');
    const scripts = reads.map(({ script }) => script);
    const stats = reads.flatMap((read) => read.stats ?? []);
    const reply = await this.#message(fuse(scripts, marker, stats, care), where);
    const replies = unfuse(reply, marker, scripts, care);
    // Somebody complained, or ended the shell: once more, so that it is known who.
    return replies === undefined ? this.#ask(reads, where, 'careful') : timed(replies);
  }

  async #message(text: string, where: ScriptRead): Promise<Reply> {
    return this.#run.forks.run(async () => {
      const shell = await this.#run.connections.shell(where.way, where.become);
      const options = { env: where.env, idleTimeoutMs: READ_TIMEOUT_MS };
      return runCancellable(shell, text, options, this.#run.request.signal);
    });
  }
}

function timed(replies: readonly Reply[]): Reply[] {
  const at = Date.now();
  return replies.map((reply) => ({ ...reply, at }));
}

/** Who asks, without what proves it. */
function userOf(become: Become | undefined): string {
  return become === undefined ? '' : becomeName(become);
}

/** The script as it is: to write it as JSON took longer than all else here. */
function keyOf({ way, become, env, script }: ScriptRead): string {
  return `${way.id} ${JSON.stringify([become, env])}\n${script}`;
}
