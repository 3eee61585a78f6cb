import { readdirSync, statSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';

/** A name with templates in it as a pattern, in which `*` stands for what only the run can know. */
export function patternOf(template: string): string {
  return template.replace(/\{\{[\s\S]*?\}\}|\{%[\s\S]*?%\}/g, '*');
}

/** Regular files that an absolute pattern may come to; `*` matches within one part of a path. */
export function possibleFiles(pattern: string): string[] {
  if (!isAbsolute(pattern)) return [];
  let paths = ['/'];
  for (const part of pattern.split('/').filter((one) => one !== '')) {
    paths = part.includes('*') ? paths.flatMap((dir) => matching(dir, part)) : paths.map((dir) => join(dir, part));
  }
  return paths.filter(isFile);
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function matching(dir: string, part: string): string[] {
  const expression = new RegExp(`^${part.split('*').map(escaped).join('.*')}$`);
  try {
    return readdirSync(dir)
      .filter((name) => expression.test(name))
      .map((name) => join(dir, name));
  } catch {
    return [];
  }
}

function escaped(text: string): string {
  return text.replace(/[\\^$.|?*+()[\]{}]/g, '\\$&');
}
