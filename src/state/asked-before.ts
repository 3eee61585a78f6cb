import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { dirname, join } from 'node:path';

/** A read script without who runs it: what it looks at, never what it found. */
export interface Question {
  readonly script: string;
  /** Paths, as words of sh, that the script looks at. */
  readonly stats: readonly string[];
}

/** `become`: the user who asked, as {@link AskedBefore.note} was told. */
export interface HostQuestion extends Question {
  readonly become: string;
}

interface Kept {
  readonly questions: readonly Question[];
  /** By host, then by user: places in `questions`, in the order in which they were asked. */
  readonly hosts: Readonly<Record<string, Readonly<Record<string, readonly number[]>>>>;
}

/** More than this is not worth keeping, nor sending in one message. */
const mostBytes = 1024 * 1024;
/** Files of other playbooks and inventories that are kept beside this one. */
const mostFiles = 50;

/**
 * What the last run of the same playbooks asked its hosts, kept on the control machine, so that the next run can ask it all at once and
 * wait for one answer instead of one for each play. A guess at questions: no answer is ever kept, what is asked in vain costs the host
 * a look, and what is not foreseen is asked when its turn comes.
 */
export class AskedBefore {
  readonly #file: string;
  readonly #holdsSecret: (text: string) => boolean;
  readonly #text: string | undefined;
  readonly #kept: Kept;
  readonly #asked = new Map<string, Map<string, HostQuestion>>();

  /** `run` names what is run: its playbooks, inventory, limits and the version of rcdeploy. */
  constructor(cacheDir: string, run: readonly unknown[], holdsSecret: (text: string) => boolean) {
    const name = createHash('sha256').update(JSON.stringify(run)).digest('hex').slice(0, 32);
    this.#file = join(cacheDir, 'questions', `${name}.json`);
    this.#holdsSecret = holdsSecret;
    this.#text = readOwn(this.#file);
    this.#kept = parse(this.#text);
  }

  /** What was asked of a host, in order. */
  of(host: string): HostQuestion[] {
    return Object.entries(this.#kept.hosts[host] ?? {}).flatMap(([become, places]) =>
      [places].flat().flatMap((place) => {
        const question = this.#kept.questions[place];
        return question === undefined ? [] : [{ ...question, become }];
      }),
    );
  }

  /** This run needed the answer. */
  note(host: string, question: HostQuestion): void {
    const key = `${question.become}\n${question.script}`;
    let asked = this.#asked.get(host);
    if (asked === undefined) {
      asked = new Map();
      this.#asked.set(host, asked);
    }
    if (!asked.has(key)) asked.set(key, question);
  }

  /** For the next run. A disk that is full or may not be written is no error: the next run asks play by play. */
  keep(): void {
    const text = this.#serialize();
    if (text === this.#text || text.length > mostBytes) return;
    try {
      mkdirSync(dirname(this.#file), { recursive: true, mode: 0o700 });
      const temporary = `${this.#file}.${randomBytes(6).toString('hex')}`;
      writeFileSync(temporary, text, { mode: 0o600, flag: 'wx' });
      renameSync(temporary, this.#file);
      removeOld(dirname(this.#file));
    } catch {
      // See above.
    }
  }

  /** Hosts are mostly asked the same: each question stands there once. */
  #serialize(): string {
    const places = new Map<string, number>();
    const questions: Question[] = [];
    const hosts: Record<string, Record<string, number[]>> = {};
    for (const [host, asked] of this.#asked) {
      const byUser: Record<string, number[]> = {};
      for (const { become, script, stats } of asked.values()) {
        if (this.#holdsSecret(script)) continue;
        let place = places.get(script);
        if (place === undefined) {
          place = questions.push({ script, stats }) - 1;
          places.set(script, place);
        }
        byUser[become] ??= [];
        byUser[become].push(place);
      }
      hosts[host] = byUser;
    }
    return JSON.stringify({ questions, hosts } satisfies Kept);
  }
}

/** Only the user's own file is heeded: another's home may stand in HOME after sudo, and what stands here is run on hosts. */
function readOwn(file: string): string | undefined {
  try {
    const { uid, mode, size } = statSync(file);
    const isOwn = uid === userInfo().uid && (mode & 0o022) === 0 && size <= mostBytes;
    return isOwn ? readFileSync(file, 'utf8') : undefined;
  } catch {
    return undefined;
  }
}

function parse(text: string | undefined): Kept {
  try {
    const parsed: unknown = JSON.parse(text ?? '');
    if (isKept(parsed)) return parsed;
  } catch {
    // None, or half of one: then nothing is foreseen.
  }
  return { questions: [], hosts: {} };
}

function isKept(value: unknown): value is Kept {
  if (typeof value !== 'object' || value === null || !('questions' in value) || !('hosts' in value)) return false;
  const { questions, hosts } = value;
  return Array.isArray(questions) && questions.every(isQuestion) && typeof hosts === 'object' && hosts !== null;
}

function isQuestion(value: unknown): value is Question {
  if (typeof value !== 'object' || value === null || !('script' in value) || !('stats' in value)) return false;
  const { script, stats } = value;
  return typeof script === 'string' && Array.isArray(stats) && stats.every((path) => typeof path === 'string');
}

function removeOld(directory: string): void {
  const files = readdirSync(directory).map((name) => join(directory, name));
  if (files.length <= mostFiles) return;
  const byAge = files.map((file) => ({ file, at: statSync(file).mtimeMs })).sort((a, b) => b.at - a.at);
  for (const { file } of byAge.slice(mostFiles)) rmSync(file, { force: true });
}
