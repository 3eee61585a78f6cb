import { TaskError } from '../../errors/errors.ts';
import { type ClusterIo, observeAll } from '../node/cluster-io.ts';
import type { RespValue } from '../node/contract.ts';
import { type NodeView, type SeenNode, said } from '../node/observe.ts';
import type { Flight } from '../slots/migration.ts';
import { StaleError } from '../slots/node-links.ts';
import { settleJobs } from '../slots/settle-jobs.ts';
import { forgottenAmong } from './ban.ts';
import { isForming } from './classify.ts';
import { copyFunctions } from './functions.ts';
import { migrate } from './migrate.ts';
import { busPortOf } from './reach.ts';
import { lastingPace, type Pace } from './settings.ts';
import { commandsOf } from './step-commands.ts';
import { describeStep, describeSteps, meetCommand, type Step } from './steps.ts';
import { takeOver } from './take-over.ts';
import { allNodes, type DeclaredCluster, nodeName, queryOf, stayingOf } from './topology.ts';
import { awaitEmptied, awaitMembers, awaitSettled, type Meet } from './wait.ts';

export interface FormOptions {
  /** Milliseconds without any progress after which a wait fails. */
  readonly stallMs: number;
  /** Milliseconds that clients' slowest requests may take while slots move (see MigrationOptions). */
  readonly latencyMs?: number | undefined;
  readonly probeWrites?: boolean | undefined;
}

const DEFAULT_LATENCY_MS = 5;

const STAGES: readonly (readonly Step['do'][])[] = [
  ['flush', 'reset'],
  ['take-over'],
  ['leave-dead'],
  ['forget-dead'],
  ['hasten', 'set-epoch'],
  ['copy-functions'],
  ['meet', 'add-slots'],
  ['await-members'],
  ['replicate'],
  ['forget-master'],
  ['await-receivers'],
  ['close-slots', 'move-slots'],
  ['follow'],
  ['forget'],
  ['await-settled'],
  ['set-timeout'],
];

/** After trouble with these the next ones might do harm. */
const CAREFUL: readonly Step['do'][] = ['copy-functions', 'meet', 'move-slots', 'follow'];

/** One pass over a plan: a stage's commands go to all nodes at once, each node's in one pipeline. */
export class Round {
  readonly trouble: string[] = [];
  readonly flights: Flight[] = [];
  readonly #cluster: DeclaredCluster;
  readonly #io: ClusterIo;
  readonly #options: FormOptions;
  readonly #paces: Map<string, Pace>;
  readonly #hastened = new Set<string>();
  #views: Map<string, SeenNode>;

  constructor(
    cluster: DeclaredCluster,
    views: readonly NodeView[],
    io: ClusterIo,
    options: FormOptions,
    paces: Map<string, Pace>,
  ) {
    this.#cluster = cluster;
    this.#io = io;
    this.#options = options;
    this.#paces = paces;
    this.#views = byName(views);
  }

  async carryOut(steps: readonly Step[], done: string[]): Promise<void> {
    if (!(await this.#settled(steps, done))) return;
    await this.#learnPaces(steps);
    for (const stage of STAGES) {
      const now = steps.filter((step) => stage.includes(step.do));
      if (now.length === 0) continue;
      if (stage.includes('await-members')) await this.#members();
      else if (stage.includes('await-settled') || stage.includes('await-receivers'))
        this.#views = byName(await awaitSettled(this.#cluster, this.#io, this.#options.stallMs, this.#meet));
      else if (stage.includes('take-over')) await this.#takeOver(now);
      else if (stage.includes('copy-functions'))
        this.trouble.push(...(await copyFunctions(now, this.#views, this.#io)));
      else if (stage.includes('move-slots')) await this.#migrate(now);
      else if (stage.includes('follow')) await this.#follow(now);
      else if (stage.includes('forget')) await this.#forget(now);
      else await this.#send(now);
      done.push(...describeSteps(now));
      // Who was reset has a new id and nothing else left, who took over has slots: only a new look tells how to go on.
      if (stage.includes('reset') || stage.includes('take-over')) return;
      if (this.trouble.length > 0 && CAREFUL.some((kind) => stage.includes(kind))) return await this.restoreQuietly();
    }
  }

  /** After a failure: what cannot be restored now is found and restored by the next run. */
  async restoreQuietly(): Promise<void> {
    const names = [...this.#hastened];
    await Promise.allSettled(
      names.map((name) => this.#ask(name, this.#commandsFor({ do: 'set-timeout', node: name, ms: undefined }))),
    );
  }

  /** Whether the plan still holds: what was handed over meanwhile is another state than it is for. */
  async #settled(steps: readonly Step[], done: string[]): Promise<boolean> {
    try {
      const found = await settleJobs(steps, this.#views, this.#io, this.#options.stallMs);
      done.push(...found);
      return found.length === 0;
    } catch (error) {
      if (!(error instanceof StaleError)) throw error;
      this.trouble.push(error.message);
      return false;
    }
  }

  /** What to go back to is known before anything is set for a while. */
  async #learnPaces(steps: readonly Step[]): Promise<void> {
    for (const step of steps) {
      if (step.do !== 'hasten' && step.do !== 'set-timeout') continue;
      const view = this.#views.get(step.node);
      if (view && !this.#paces.has(step.node)) this.#paces.set(step.node, await lastingPace(view, this.#io));
    }
  }

  readonly #meet: Meet = async (from, to) => {
    await this.#ask(
      nodeName(from.node),
      to.map((peer) => meetCommand(peer.node, busPortOf(peer))),
    );
  };

  async #members(): Promise<void> {
    const known = stayingOf(this.#cluster, [...this.#views.values()]);
    const before = { forgotten: forgottenAmong(known), forming: isForming(known) };
    this.#views = byName(await awaitMembers(this.#cluster, this.#io, this.#options.stallMs, this.#meet, before));
  }

  async #takeOver(steps: readonly Step[]): Promise<void> {
    for (const step of steps)
      if (step.do === 'take-over')
        await takeOver(this.#view(step.node).node, step.from, this.#io, this.#options.stallMs);
  }

  async #migrate(steps: readonly Step[]): Promise<void> {
    const { stallMs, latencyMs = DEFAULT_LATENCY_MS, probeWrites = true } = this.#options;
    const options = { stallMs, latencyMs, probeWrites };
    const { flights, trouble } = await migrate(this.#cluster, steps, this.#views, this.#io, options);
    this.flights.push(...flights);
    this.trouble.push(...trouble);
  }

  /** The replicas of an emptied master follow who took its last slots by themselves: only the others are told. */
  async #follow(steps: readonly Step[]): Promise<void> {
    this.#views = byName(await observeAll(this.#cluster, this.#io));
    await this.#send(
      steps.filter((step) => {
        if (step.do !== 'follow') return false;
        return this.#view(step.node).self.masterId !== this.#view(step.master).self.id;
      }),
    );
  }

  /** Whoever is forgotten is out of reach: a last look, that it owns nothing, in its own eyes and in all others'. */
  async #forget(steps: readonly Step[]): Promise<void> {
    const gone = new Set(steps.flatMap((step) => (step.do === 'forget' ? [step.id] : [])));
    const views = await awaitEmptied(this.#cluster, this.#io, this.#options.stallMs, gone);
    this.#views = byName(views);
    const owners = views.filter((view) => view.seen && gone.has(view.self.id) && view.self.slots.length > 0);
    this.trouble.push(...owners.map(({ node }) => `${nodeName(node)} still owns slots`));
    if (owners.length === 0) await this.#send(steps);
  }

  async #send(steps: readonly Step[]): Promise<void> {
    const byNode = new Map<string, Step[]>();
    for (const step of steps) {
      if ('node' in step) byNode.set(step.node, [...(byNode.get(step.node) ?? []), step]);
    }
    await Promise.all(
      [...byNode].map(async ([name, own]) => {
        for (const step of own) if (step.do === 'hasten') this.#hastened.add(name);
        const commands = own.map((step) => ({ step, commands: this.#commandsFor(step) }));
        const replies = await this.#ask(
          name,
          commands.flatMap((entry) => entry.commands),
        );
        let at = 0;
        for (const entry of commands) {
          const own = replies.slice(at, at + entry.commands.length);
          at += entry.commands.length;
          this.#judge(entry.step, own);
        }
        for (const step of own) if (step.do === 'set-timeout') this.#hastened.delete(name);
      }),
    );
  }

  /** Errors are kept: the next round sees what really is, and plans again or fails with them. */
  #judge(step: Step, replies: readonly RespValue[]): void {
    const failed = replies.find((reply) => typeof reply === 'object' && reply !== null && 'error' in reply);
    if (failed === undefined || step.do === 'hasten' || step.do === 'set-epoch') return;
    // Others may have told it already: what is not known needs not be forgotten.
    if ((step.do === 'forget-dead' || step.do === 'forget-master') && /unknown node/i.test(said(failed))) return;
    this.trouble.push(`${describeStep(step)}: ${said(failed)}`);
  }

  async #ask(name: string, commands: readonly (readonly string[])[]): Promise<readonly RespValue[]> {
    const node = allNodes(this.#cluster).find((declared) => nodeName(declared) === name);
    if (!node) return [];
    const answer = await this.#io.query(queryOf(node, commands));
    if (answer.ok) return answer.replies;
    this.trouble.push(`${name}: ${answer.message}`);
    return [];
  }

  #commandsFor(step: Step): readonly (readonly string[])[] {
    return commandsOf(step, (name) => this.#view(name), this.#paces);
  }

  #view(name: string): SeenNode {
    const view = this.#views.get(name);
    if (!view) throw new TaskError(`${name} was there a moment ago and does not answer any more`);
    return view;
  }
}

function byName(views: readonly NodeView[]): Map<string, SeenNode> {
  return new Map(views.flatMap((view) => (view.seen ? [[nodeName(view.node), view] as const] : [])));
}
