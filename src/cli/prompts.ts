import { randomBytes } from 'node:crypto';
import { InputError } from '../errors/errors.ts';
import type { VarLayer } from '../inventory/contract.ts';
import type { Playbook, Prompt } from '../playbook/contract.ts';
import { shaCrypt } from '../template/sha-crypt.ts';
import { askSecret, askText } from './ask.ts';
import { mask } from './terminal.ts';

/** Ask for `vars_prompt` of all plays before anything is contacted, each name once; `-e` answers for people. */
export async function askPrompts(playbooks: readonly Playbook[], extraVars: VarLayer): Promise<VarLayer> {
  const vars: Record<string, unknown> = {};
  for (const prompt of playbooks.flatMap(({ plays }) => plays.flatMap(({ prompts }) => prompts))) {
    if (Object.hasOwn(vars, prompt.name) || Object.hasOwn(extraVars.vars, prompt.name)) continue;
    const answer = await askFor(prompt);
    vars[prompt.name] = prompt.encrypt === undefined ? answer : encrypted(prompt, String(answer));
  }
  return { origin: 'vars_prompt', vars, isData: true };
}

async function askFor(prompt: Prompt): Promise<unknown> {
  if (!process.stdin.isTTY) return withoutTerminal(prompt);
  const standard = prompt.default === undefined ? '' : ` [${String(prompt.default)}]`;
  const ask = (question: string) => (prompt.private ? askSecret(question, 'vars_prompt') : askText(`${question}: `));
  for (;;) {
    const answer = await ask(prompt.prompt + standard);
    if (prompt.private && answer !== '') mask.add(answer);
    if (!prompt.confirm || answer === (await ask(`confirm ${prompt.prompt}`))) {
      return answer === '' && prompt.default !== undefined ? prompt.default : answer;
    }
    process.stderr.write('the two answers differ\n');
  }
}

function withoutTerminal({ name, default: standard, span }: Prompt): unknown {
  if (standard !== undefined) return standard;
  const message = `vars_prompt needs a terminal to ask for "${name}"`;
  throw new InputError([{ severity: 'error', code: 'no-terminal', message, span, hint: `give it with -e ${name}=…` }]);
}

/** As crypt(3) keeps it; a random salt has 96 bits. */
function encrypted({ encrypt, salt }: Prompt, answer: string): string {
  const random = randomBytes(12).toString('base64').replaceAll('+', '.').slice(0, 16);
  return shaCrypt(encrypt === 'sha256_crypt' ? 'sha256' : 'sha512', answer, salt ?? random);
}
