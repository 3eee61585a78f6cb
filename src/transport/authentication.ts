import { access } from 'node:fs/promises';
import type { AnyAuthMethod, AuthenticationType, AuthHandlerMiddleware } from 'ssh2';
import { type AskPassphrase, loadKey } from './private-keys.ts';
import type { SshSettings } from './ssh-settings.ts';

export interface Credentials {
  readonly password: string | undefined;
  readonly privateKeyFile: string | undefined;
  readonly agentSocket: string | undefined;
  readonly askPassphrase: AskPassphrase | undefined;
}

/** Every way to log in, best first, and what to tell when none was taken. */
export class Authentication {
  readonly #user: string;
  readonly #methods: AnyAuthMethod[] = [];
  readonly #tried: string[] = [];
  readonly #problems: string[] = [];
  readonly #names = new Map<AnyAuthMethod, string>();
  #accepted: readonly string[] = [];
  #passwordGiven = false;

  static async of(settings: SshSettings, credentials: Credentials): Promise<Authentication> {
    const authentication = new Authentication(settings.user);
    await authentication.#gather(settings, credentials);
    return authentication;
  }

  private constructor(user: string) {
    this.#user = user;
  }

  /** Gives ssh2 one method after the other, passing over those that the host does not take. */
  handler(): AuthHandlerMiddleware {
    const left = [...this.#methods];
    return (accepted: AuthenticationType[] | null, _partial, next) => {
      this.#accepted = accepted ?? [];
      const taken = (method: AnyAuthMethod) => {
        const type = method.type === 'agent' ? 'publickey' : method.type;
        return accepted === null || accepted.length === 0 || accepted.includes(type);
      };
      // The same password by another name would be a second wrong one where accounts are locked after three.
      const given = (method: AnyAuthMethod) => method.type === 'keyboard-interactive' && this.#passwordGiven;
      let method = left.shift();
      while (method !== undefined && (!taken(method) || given(method))) {
        method = left.shift();
      }
      if (method === undefined) {
        // The types of ssh2 know no way to give up; its code takes `false`.
        next(false as unknown as AuthenticationType);
        return;
      }
      this.#passwordGiven ||= method.type === 'password';
      this.#tried.push(this.#names.get(method) ?? method.type);
      next(method);
    };
  }

  /** Whether the host has seen an attempt to log in. */
  get begun(): boolean {
    return this.#tried.length > 0;
  }

  /** For the error when the host hung up on an attempt. */
  hungUp(): { message: string; hint: string } {
    return {
      message: `The host hung up while ${this.#user} logged in with ${this.#tried.at(-1)}`,
      hint: "The account may be locked or expired, or kept out by AllowUsers, DenyUsers or PAM: sshd's log on the host says which.",
    };
  }

  /** For the error after all methods failed. */
  failure(): { message: string; hint: string } {
    const tried = this.#tried.length === 0 ? 'nothing could be tried' : `tried ${[...new Set(this.#tried)].join(', ')}`;
    const accepted = this.#accepted.length === 0 ? '' : `; the host takes ${this.#accepted.join(', ')}`;
    const problems = this.#problems.length === 0 ? '' : `; ${this.#problems.join('; ')}`;
    return {
      message: `The host refused to log in ${this.#user}: ${tried}${accepted}${problems}`,
      hint: 'Check the user (ansible_user, -u), the key (--private-key, ssh-add -l) or give a password (-k).',
    };
  }

  async #gather(
    settings: SshSettings,
    { password, privateKeyFile, agentSocket, askPassphrase }: Credentials,
  ): Promise<void> {
    const username = this.#user;
    if (privateKeyFile !== undefined) {
      await this.#addKey(privateKeyFile, askPassphrase, true);
    }
    const agent = agentOf(settings, agentSocket);
    // IdentitiesOnly keeps the agent's other keys away, but the agent may be the only one who can open the key that was asked for.
    if (agent !== undefined && !(settings.identitiesOnly && this.#methods.length > 0)) {
      this.#add({ type: 'agent', username, agent }, 'the keys of ssh-agent');
    }
    for (const file of settings.identityFiles.filter((each) => each !== privateKeyFile)) {
      await this.#addKey(file, password === undefined ? askPassphrase : undefined, false);
    }
    for (const file of settings.certificateFiles) {
      this.#problems.push(`the certificate ${file} was not used: SSH certificates are not supported`);
    }
    if (password !== undefined) {
      this.#add({ type: 'password', username, password }, 'the password');
      this.#add(
        {
          type: 'keyboard-interactive',
          username,
          prompt: (_name, _instructions, _lang, prompts, finish) => {
            const others = prompts.filter(
              ({ prompt, echo }) => echo || !/passwor[dt]|kennwort|密码|パスワード/i.test(prompt),
            );
            for (const { prompt } of others) {
              this.#problems.push(`the host asks "${prompt.trim()}", and one-time codes cannot be given to many hosts`);
            }
            finish(prompts.map((prompt) => (others.includes(prompt) ? '' : password)));
          },
        },
        'the password (keyboard-interactive)',
      );
    }
  }

  async #addKey(file: string, askPassphrase: AskPassphrase | undefined, wanted: boolean): Promise<void> {
    const loaded = await loadKey(file, askPassphrase);
    if (loaded === undefined) {
      if (wanted) {
        this.#problems.push(`the key file ${file} does not exist`);
      }
    } else if ('problem' in loaded) {
      this.#problems.push(`the key ${file} ${loaded.problem}`);
    } else {
      this.#add({ type: 'publickey', username: this.#user, key: loaded.key }, `the key ${file}`);
      if (await exists(`${file}-cert.pub`)) {
        this.#problems.push(`the certificate ${file}-cert.pub was not used: SSH certificates are not supported`);
      }
    }
  }

  #add(method: AnyAuthMethod, name: string): void {
    this.#methods.push(method);
    this.#names.set(method, name);
  }
}

/** The socket of the agent, as ssh finds it. */
function agentOf({ identityAgent }: SshSettings, agentSocket: string | undefined): string | undefined {
  if (identityAgent === undefined || /^\$?\{?SSH_AUTH_SOCK\}?$/.test(identityAgent)) {
    return agentSocket || undefined;
  }
  return identityAgent.toLowerCase() === 'none' ? undefined : identityAgent;
}

async function exists(file: string): Promise<boolean> {
  try {
    await access(file);
    return true;
  } catch {
    return false;
  }
}
