import { InputError } from '../errors/errors.ts';
import { loadBuiltin } from '../package/builtin.ts';

/** Ask for a secret on the terminal without showing it. Throws InputError where there is no terminal to ask on. */
export async function askSecret(question: string, option: string): Promise<string> {
  const { stdin, stderr } = process;
  if (!stdin.isTTY) {
    const hint = 'without a terminal, give it as a variable: -e @file with ansible_password or ansible_become_password';
    throw new InputError([
      { severity: 'error', code: 'no-terminal', message: `${option} needs a terminal to ask on`, hint },
    ]);
  }
  // First, so that nothing that is typed at the question is ever shown.
  stdin.setRawMode(true);
  stderr.write(`${question}: `);
  try {
    return await readHidden(stdin);
  } finally {
    stdin.setRawMode(false);
    stdin.pause();
    stderr.write('\n');
  }
}

/** A task's question. undefined where there is no terminal; rejects when the run is interrupted meanwhile. */
export async function askOperator(
  question: string,
  { echo, signal }: { readonly echo: boolean; readonly signal: AbortSignal },
): Promise<string | undefined> {
  if (!process.stdin.isTTY) return undefined;
  if (!echo) return await askSecret(question.replace(/:\s*$/, ''), 'pause');
  const { createInterface } = loadBuiltin('node:readline/promises') as typeof import('node:readline/promises');
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  // Ctrl-C at the question is Ctrl-C for the run.
  terminal.on('SIGINT', () => process.kill(process.pid, 'SIGINT'));
  try {
    return await terminal.question(`${question} `, { signal });
  } finally {
    terminal.close();
  }
}

/** Ask for a line on the terminal, which is shown as it is typed. */
export async function askText(question: string): Promise<string> {
  const { createInterface } = loadBuiltin('node:readline/promises') as typeof import('node:readline/promises');
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await terminal.question(question);
  } finally {
    terminal.close();
  }
}

/** True for a `yes` on the terminal; without one nobody can have said yes. */
export async function askYes(question: string): Promise<boolean> {
  if (!process.stdin.isTTY) return false;
  return (await askText(`${question} `)).trim().toLowerCase() === 'yes';
}

function readHidden(stdin: NodeJS.ReadStream): Promise<string> {
  return new Promise((resolve, reject) => {
    let typed = '';
    const finish = (settle: () => void) => {
      stdin.off('data', onData);
      settle();
    };
    const onData = (chunk: string) => {
      for (const key of chunk) {
        if (key === '\r' || key === '\n' || key === '\u0004') return finish(() => resolve(typed));
        if (key === '\u0003') return finish(() => reject(new Interrupted('interrupted')));
        if (key === '\u007f' || key === '\b') typed = [...typed].slice(0, -1).join('');
        else if (key === '\u0015') typed = '';
        else typed += key;
      }
    };
    stdin.setEncoding('utf8').on('data', onData).resume();
  });
}

/** Ctrl-C at a prompt. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
}
