import { randomBytes, randomInt } from 'node:crypto';
import { open } from 'node:fs/promises';
import { TaskError } from '../../errors/errors.ts';
import type { BackedUpShard } from '../../redis/backup/manifest.ts';
import type { RespValue } from '../../redis/node/contract.ts';
import { type InfoFields, parseInfo } from '../../redis/node/info.ts';
import { said } from '../../redis/node/observe.ts';
import type { ApplyContext } from '../contract.ts';
import { ProgressWatch } from '../progress-watch.ts';
import { must } from '../redis-build/build-on-host.ts';
import {
  appendScript,
  configScript,
  configText,
  digestScript,
  prepareScript,
  removeScript,
  startScript,
  stateScript,
  workDirectory,
} from './loader-scripts.ts';

const PIECE_BYTES = 4 * 1024 * 1024;
const POLL_MS = 100;
const PORTS_TO_TRY = 8;
/** One call of many keys; a large key takes the time that its bytes take. */
const CALL_MS = 600_000;

/** Where a shard's file is loaded. */
export interface LoaderPlace {
  readonly host: string;
  /** Data directory of a node there. */
  readonly dataDir: string;
  /** The process of this node, whose program loads the file. */
  readonly node: { readonly pid: number; readonly executable: string };
  /** Directives by which it shows the node's certificate to the masters; none where those speak no TLS. */
  readonly tls: readonly string[];
}

/** A server on loopback of a host that holds one shard of a backup, until {@link close}. */
export class Loader {
  readonly #place: LoaderPlace;
  readonly #context: ApplyContext;
  readonly #stallMs: number;
  readonly #run = randomBytes(4).toString('hex');
  readonly #password = randomBytes(24).toString('hex');
  #port = 0;
  #pid: string | undefined;

  constructor(place: LoaderPlace, context: ApplyContext, stallMs: number) {
    this.#place = place;
    this.#context = context;
    this.#stallMs = stallMs;
  }

  async load(shard: BackedUpShard, file: string): Promise<InfoFields> {
    const what = `the host ${this.#place.host} cannot take ${shard.file}`;
    await must(this.#shell, prepareScript(this.#place.dataDir, this.#run, shard.bytes), what);
    await this.#send(shard, file);
    const { stdout } = await must(this.#shell, digestScript(this.#work), what);
    if (!stdout.startsWith(shard.sha256)) {
      throw new TaskError(`${shard.file} arrived damaged on ${this.#place.host}`, { hint: 'run again' });
    }
    for (let attempt = 1; ; attempt += 1) {
      const ready = await this.#start(shard);
      if (ready) return ready;
      if (attempt === PORTS_TO_TRY) {
        throw new TaskError(`no free port on ${this.#place.host} for a server on loopback: ${PORTS_TO_TRY} were tried`);
      }
    }
  }

  async call(command: readonly string[]): Promise<RespValue> {
    const answer = await this.#query([command], CALL_MS);
    if (!answer.ok) throw new TaskError(`the server that loads the backup on ${this.#place.host}: ${answer.message}`);
    return answer.replies[0] ?? null;
  }

  async close(): Promise<void> {
    await this.#shell.sh(removeScript(this.#work, this.#pid)).catch(() => undefined);
  }

  get #shell(): Pick<ApplyContext, 'sh'> {
    return this.#context.on(this.#place.host);
  }

  get #work(): string {
    return workDirectory(this.#place.dataDir, this.#run);
  }

  async #send(shard: BackedUpShard, path: string): Promise<void> {
    const file = await open(path, 'r');
    const piece = Buffer.alloc(PIECE_BYTES);
    try {
      for (let done = 0; done < shard.bytes; ) {
        const { bytesRead } = await file.read(piece, 0, PIECE_BYTES, done);
        if (bytesRead === 0) break;
        const options = { stdin: Buffer.from(piece.subarray(0, bytesRead)), idleTimeoutMs: this.#stallMs };
        await must(this.#shell, appendScript(this.#work), `${shard.file} could not be written`, options);
        done += bytesRead;
        const [now, all] = [done, shard.bytes].map((bytes) => Math.ceil(bytes / 1048576));
        this.#context.progress(`sending ${shard.file} to ${this.#place.host}: ${now} of ${all} MB`);
      }
    } finally {
      await file.close();
    }
  }

  /** Undefined when the port is another's. */
  async #start(shard: BackedUpShard): Promise<InfoFields | undefined> {
    this.#port = randomInt(20000, 30000);
    const what = `no server could be started on ${this.#place.host} to load ${shard.file}`;
    const stdin = Buffer.from(configText(this.#port, this.#password, this.#place.tls));
    await must(this.#shell, configScript(this.#work), what, { stdin });
    const script = startScript(this.#work, this.#place.node, shard.used_memory);
    this.#pid = (await must(this.#shell, script, what)).stdout.trim();
    const watch = new ProgressWatch(this.#stallMs);
    for (;;) {
      const fields = await this.#info();
      if (fields?.get('loading') === '0') return fields;
      const state = (await this.#shell.sh(stateScript(this.#work, this.#pid))).stdout;
      if (state.startsWith('gone')) {
        if (/address already in use/i.test(state)) return undefined;
        throw new TaskError(`${what}: ${state.replace(/^gone\n/, '').trim() || 'it ended at once'}`);
      }
      const loaded = fields?.get('loading_loaded_bytes') ?? '0';
      if (watch.stalledAt(loaded)) throw new TaskError(`${what}: no progress for ${this.#stallMs / 1000} s`);
      this.#context.progress(`${this.#place.host} loads ${shard.file}: ${loaded} bytes`);
      await this.#context.sleep(POLL_MS);
    }
  }

  /** Undefined while the process that was started does not answer. */
  async #info(): Promise<InfoFields | undefined> {
    const answer = await this.#query([['INFO']], 5000);
    const [info] = answer.ok ? answer.replies : [];
    if (typeof info !== 'string') return undefined;
    const fields = parseInfo(info);
    return fields.get('process_id') === this.#pid ? fields : undefined;
  }

  #query(commands: readonly (readonly string[])[], timeoutMs: number) {
    const { host } = this.#place;
    const auth = { password: this.#password };
    return this.#context.query({
      via: host,
      fromHost: true,
      address: '127.0.0.1',
      port: this.#port,
      auth,
      commands,
      timeoutMs,
    });
  }
}

/** Throws TaskError when a reply is an error. */
export function replied(reply: RespValue | undefined, what: string): RespValue {
  if (typeof reply === 'object' && reply !== null && 'error' in reply) throw new TaskError(`${what}: ${said(reply)}`);
  return reply ?? null;
}
