import { spanOf } from '../source/positions.ts';
import type { Prompt } from './contract.ts';
import type { Findings } from './findings.ts';
import { type Keywords, readKeywords } from './keywords.ts';
import { checkName } from './names.ts';

/** `vars_prompt`: what is asked on the terminal before anything is contacted. */
export function readPrompts(value: unknown, findings: Findings): Prompt[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((entry, index) => {
    const span = spanOf(value, index);
    if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) {
      findings.error(
        'wrong-type',
        'an entry of vars_prompt must be a map',
        span,
        'like `- {name: answer, prompt: "Which?"}`',
      );
      return [];
    }
    const keywords = readKeywords('vars_prompt', entry, entry as Keywords, findings);
    const { name } = keywords;
    if (typeof name !== 'string') return [];
    checkName(name, 'vars_prompt', spanOf(entry, 'name'), findings);
    return [
      {
        name,
        prompt: String(keywords.prompt ?? name),
        private: keywords.private !== false,
        default: keywords.default,
        confirm: keywords.confirm === true,
        encrypt: textOf(keywords.encrypt),
        salt: textOf(keywords.salt),
        span,
      },
    ];
  });
}

function textOf(value: unknown): string | undefined {
  return value === undefined ? undefined : String(value);
}
