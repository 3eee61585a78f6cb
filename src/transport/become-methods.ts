import type { Become } from './contract.ts';
import { shellWords } from './loop.ts';

/** How one become method is called and how its answers read. Its commands must pass unchanged through any login shell. */
export interface BecomeMethod {
  command(call: BecomeCall): string;
  /** How a password prompt ends. */
  asks(text: string, prompt: string): boolean;
  /** What its refusals mean, first match wins. */
  readonly refusals: readonly Refusal[];
}

export interface BecomeCall {
  readonly become: Become;
  /** A sh program without quotes. */
  readonly boot: string;
  /** A word to ask for the password with. */
  readonly prompt: string;
}

export interface Refusal {
  readonly said: RegExp;
  /** Means this only when no password was asked for. */
  readonly unasked?: true;
  readonly means: string;
  readonly hint: string;
}

const [sh] = shellWords;

/** Without words that are not there. */
function commandLine({ method, exe = [method], flags = [] }: Become, ...words: readonly string[]): string {
  return ['exec env LC_ALL=C', ...exe, ...flags, ...words].filter((word) => word !== '').join(' ');
}

/** sudo must be able to ask for the password that it is given. */
function askingFlags(flags: readonly string[] = []): string[] {
  return flags
    .filter((flag) => flag !== '--non-interactive')
    .map((flag) => flag.replace(/^(-[A-Za-z]*)n([A-Za-z]*)$/, '$1$2'))
    .filter((flag) => flag !== '-');
}

const sudo: BecomeMethod = {
  command({ become, boot, prompt }) {
    const run = `-u ${become.user} ${sh} -c '${boot}'`;
    if (become.password === undefined) return commandLine(become, '-n', run);
    return commandLine({ ...become, flags: askingFlags(become.flags) }, `-S -p ${prompt}`, run);
  },
  asks: (text, prompt) => text.includes(prompt),
  refusals: [
    {
      said: /must have a tty|requires? a tty|tty is required/i,
      means: 'sudoers demands a terminal (requiretty)',
      hint: 'Add to sudoers: Defaults:LOGIN !requiretty',
    },
    {
      said: /not in the sudoers file|may not run sudo|not allowed to run sudo/i,
      means: 'the login user is not in sudoers',
      hint: 'Add to sudoers: LOGIN ALL=(ALL) ALL',
    },
    {
      said: /not allowed to execute|not permitted to (execute|run)|i'm sorry .*i'm afraid/i,
      means: 'sudoers allows the login user some commands, but not /bin/sh, in which all tasks run',
      hint: 'Allow /bin/sh for this user in sudoers: LOGIN ALL=(USER) /bin/sh',
    },
    {
      said: /password is required|no password was provided|interactive authentication is required/i,
      means: 'sudo wants a password and none was given',
      hint: 'Give it with -K or ansible_become_password, or allow NOPASSWD for /bin/sh (not only for some commands) in sudoers.',
    },
    {
      said: /incorrect password|incorrect authentication|sorry, try again|authentication fail/i,
      means: 'sudo did not take the password',
      hint: 'Check ansible_become_password of this host, or type it again with -K.',
    },
    {
      said: /no new privileges|must be owned by uid 0|effective uid is not 0|setuid/i,
      means: 'sudo cannot become root there (no setuid: a container or a nosuid mount)',
      hint: 'Log in as the user that the tasks need.',
    },
    {
      said: /unknown user|user .* not found/i,
      means: 'there is no such user on the host',
      hint: 'Check become_user, or create the user first.',
    },
    {
      said: /sudo: (command )?not found|no such file or directory.*sudo|sudo.*no such file|unknown command.*sudo/i,
      means: 'sudo is not installed on the host',
      hint: 'Install it, or use become_method: su or doas.',
    },
    {
      said: /account .*expired|account validation failure|password .*expired/i,
      means: 'the account may not use sudo now',
      hint: 'See the message of the host.',
    },
  ],
};

const su: BecomeMethod = {
  command: ({ become, boot }) => commandLine(become, `-s ${sh} -c '${boot}' ${become.user}`),
  asks: (text) => /password:\s*$/i.test(text),
  refusals: [
    {
      said: /must be run from a terminal|not a tty|standard in must be a tty/i,
      means: 'this su reads its password from a terminal only',
      hint: 'Use become_method: sudo.',
    },
    {
      said: /authentication failure|incorrect password|authentication token|sorry/i,
      means: 'su did not take the password',
      hint: 'su wants the password of the user to become, not that of the login user.',
    },
    {
      said: /permission denied|not in .*group|must be suid|setuid/i,
      means: 'the login user may not use su',
      hint: 'See pam_wheel in /etc/pam.d/su, or use become_method: sudo.',
    },
    {
      said: /does not exist|unknown (user|id|login)|no passwd entry/i,
      means: 'there is no such user on the host',
      hint: 'Check become_user, or create the user first.',
    },
    {
      said: /su: (command )?not found/i,
      means: 'su is not installed on the host',
      hint: 'Use become_method: sudo or doas.',
    },
  ],
};

const doas: BecomeMethod = {
  command: ({ become, boot }) =>
    commandLine(become, become.password === undefined ? '-n' : '', `-u ${become.user} ${sh} -c '${boot}'`),
  asks: (text) => /password:\s*$/i.test(text),
  refusals: [
    {
      said: /tty is required|authentication required|\/dev\/tty|no tty/i,
      means: 'doas wants a password, which it reads from a terminal only',
      hint: 'Add to doas.conf: permit nopass LOGIN as USER, or use become_method: sudo.',
    },
    {
      said: /authentication fail/i,
      unasked: true,
      means: 'doas wants a password, which it reads from a terminal only',
      hint: 'Add to doas.conf: permit nopass LOGIN as USER, or use become_method: sudo.',
    },
    {
      said: /not permitted|not enabled/i,
      means: 'doas.conf does not let the login user run /bin/sh as that user',
      hint: 'Add to doas.conf: permit nopass LOGIN as USER',
    },
    {
      said: /authentication fail/i,
      means: 'doas did not take the password',
      hint: 'Check ansible_become_password of this host.',
    },
    {
      said: /unknown user/i,
      means: 'there is no such user on the host',
      hint: 'Check become_user, or create the user first.',
    },
    {
      said: /doas: (command )?not found/i,
      means: 'doas is not installed on the host',
      hint: 'Use become_method: sudo or su.',
    },
  ],
};

export const becomeMethods: Readonly<Record<string, BecomeMethod>> = { sudo, su, doas };

/** What tells one shell from another on a host: two that become the same user in different ways are two. */
export function becomeName({ method, user, exe = [], flags = [] }: Become): string {
  return [method, user, ...exe, ...(flags.length > 0 ? ['with', ...flags] : [])].join(' ');
}
