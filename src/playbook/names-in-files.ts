import { linesOf } from '../source/texts.ts';

/** Every name that stands in these files where a name can be made: keys, and results that are registered. */
export function namesInFiles(files: Iterable<string>): Set<string> {
  return new Set([...new Set(files)].flatMap((file) => (linesOf(file) ?? []).flatMap(namesOfLine)));
}

function namesOfLine(line: string): string[] {
  const key = /^\s*(?:- )?["']?(\w+)["']?\s*:/.exec(line)?.[1];
  const registered = /\bregister:\s*["']?(\w+)/.exec(line)?.[1];
  const written = [...line.matchAll(/(?:^|[\s{,])["']?(\w+)["']?\s*[=:]/g)].flatMap(([, name]) => name ?? []);
  return [key, registered, ...written].filter((name) => name !== undefined);
}
