import { randomBytes } from 'node:crypto';
import { UnreachableError } from '../errors/errors.ts';
import { type BecomeMethod, becomeMethods } from './become-methods.ts';
import type { Carrier } from './carrier.ts';
import type { Channel } from './channel.ts';
import type { Become } from './contract.ts';
import { shellCommand, shellWords } from './loop.ts';

/** PAM waits some seconds after a wrong password; beyond this the method asks for something that nobody answers. */
const answerMs = 30_000;

/** Starts the session shell's bootstrap as the connecting user, or through sudo, su or doas as another. */
export async function startAs(host: string, carrier: Carrier, become: Become | undefined): Promise<Channel> {
  if (become === undefined || become.user === carrier.user) {
    return await carrier.start(shellCommand);
  }
  const method = becomeMethods[become.method];
  if (method === undefined || !/^[A-Za-z0-9_.][A-Za-z0-9_.@-]*\$?$/.test(become.user)) {
    throw new UnreachableError(host, `Cannot become ${JSON.stringify(become.user)} by ${become.method}`);
  }
  const token = `rcdeploy-${randomBytes(8).toString('hex')}`;
  const boot = `echo ${token}-in; ${shellWords[2]}`;
  const command = method.command({ become, boot, prompt: `${token}-password` });
  const channel = await carrier.start(command);
  await new Dialogue(host, become, carrier.user, method, token, channel).done;
  return channel;
}

/** Waits until the shell runs; gives the password once, when it is asked for. */
class Dialogue {
  readonly done: Promise<void>;
  readonly #host: string;
  readonly #become: Become;
  readonly #login: string;
  readonly #method: BecomeMethod;
  readonly #token: string;
  readonly #channel: Channel;
  /** Output not yet looked at for a prompt, and all of it. */
  #unread = '';
  #said = '';
  #given = false;
  #settle: (error?: Error) => void = () => undefined;

  constructor(host: string, become: Become, login: string, method: BecomeMethod, token: string, channel: Channel) {
    this.#host = host;
    this.#become = become;
    this.#login = login;
    this.#method = method;
    this.#token = token;
    this.#channel = channel;
    this.done = this.#run();
  }

  #run(): Promise<void> {
    const { stdin, stdout, stderr, ended } = this.#channel;
    return new Promise((resolve, reject) => {
      const take = (chunk: Buffer) => this.#take(chunk.toString());
      const limit = setTimeout(() => {
        const asked = this.#text().split('\n').at(-1) ?? '';
        this.#settle(this.#failure(`${this.#become.method} asks for something else than a password: "${asked}"`));
      }, answerMs);
      this.#settle = (error) => {
        clearTimeout(limit);
        stdout.off('data', take);
        stderr.off('data', take);
        if (error === undefined) {
          resolve();
        } else {
          reject(error);
          this.#channel.destroy();
        }
      };
      stdin.on('error', () => undefined);
      stdout.on('data', take);
      stderr.on('data', take);
      void ended.then((how) => this.#settle(this.#explain(how)));
    });
  }

  #take(text: string): void {
    this.#said = (this.#said + text).slice(-8000);
    this.#unread = (this.#unread + text).slice(-8000);
    // On a line of its own: a refusal may quote the whole command.
    if (this.#unread.split(/\r?\n/).slice(0, -1).includes(`${this.#token}-in`)) {
      this.#settle();
      return;
    }
    if (!this.#method.asks(this.#unread, `${this.#token}-password`)) {
      return;
    }
    this.#unread = '';
    const { password, method, user } = this.#become;
    if (password === undefined) {
      this.#settle(
        this.#failure(
          `${method} wants a password to become ${user} and none was given`,
          'Give it with -K or ansible_become_password.',
        ),
      );
    } else if (this.#given) {
      this.#settle(this.#explain('it asks again'));
    } else {
      this.#given = true;
      this.#channel.stdin.write(`${password}\n`);
    }
  }

  /** From what the method said to what it means and what to do. */
  #explain(how: string): UnreachableError {
    const { method, user } = this.#become;
    const text = this.#text();
    const refusal =
      this.#method.refusals.find(({ said, unasked }) => said.test(text) && (!unasked || !this.#given)) ??
      (this.#given && how === 'it asks again'
        ? this.#method.refusals.find(({ means }) => means.includes('take the password'))
        : undefined);
    const said = text === '' ? how : text;
    if (refusal === undefined) {
      return this.#failure(`${method} did not start a shell as ${user} (${how}): ${said}`);
    }
    const hint = refusal.hint.replaceAll('LOGIN', this.#login).replaceAll('USER', user);
    return this.#failure(`Cannot become ${user}: ${refusal.means} (${said})`, hint);
  }

  #failure(message: string, hint?: string): UnreachableError {
    return new UnreachableError(this.#host, message, hint, true);
  }

  /** What it said, without our own prompt words, the password should it be echoed, and empty lines. */
  #text(): string {
    let text = this.#said.replaceAll(new RegExp(`${this.#token}(-in|-password)?`, 'g'), '');
    if (this.#become.password) {
      text = text.replaceAll(this.#become.password, '***');
    }
    const lines = text.split(/[\r\n]+/).map((line) => line.trim());
    return lines
      .filter((line) => line !== '')
      .slice(-4)
      .join('; ')
      .slice(-500);
  }
}
