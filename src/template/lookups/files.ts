import { statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { hideValue, readMaybeVault } from '../../vault/keyring.ts';
import { VaultError } from '../../vault/vault-text.ts';
import { checkSize, sizeLimit } from '../budget.ts';
import { flatten } from '../filters/lists.ts';
import { entryOf, isMapping } from '../kinds.ts';
import { str } from '../python-text.ts';
import { type Scope, TemplateError } from '../values.ts';
import { candidates, findFile } from './find-file.ts';
import { globFiles } from './glob.ts';
import { allowOptions, type Lookup, textTerms } from './terms.ts';

/** Lookups in the control machine's files. */
export const fileLookups = {
  file: (context, terms, options) => {
    allowOptions('file', options, ['rstrip', 'lstrip']);
    return textTerms(terms).map((name) => {
      const text = readNamed(context.scope, name, 'files');
      const cut = options.rstrip === false ? text : text.trimEnd();
      return options.lstrip === true ? cut.trimStart() : cut;
    });
  },
  unvault: (context, terms, options) => {
    allowOptions('unvault', options, []);
    return textTerms(terms).map((name) => readNamed(context.scope, name, 'files'));
  },
  fileglob: (context, terms) =>
    textTerms(terms).flatMap((pattern) => {
      for (const path of candidates(context.scope, dirname(pattern), 'files')) {
        const found = globFiles(join(path, basename(pattern)));
        if (found.length > 0) return found;
      }
      return [];
    }),
  first_found: (context, terms, options) => {
    allowOptions('first_found', options, ['files', 'paths', 'skip']);
    const wanted = firstFoundTerms(terms, options);
    for (const name of wanted.names) {
      const found = ['files', 'templates', 'vars', 'tasks']
        .map((folder) => findFile(context.scope, name, folder))
        .find(Boolean);
      if (found !== undefined) return [found];
    }
    if (wanted.skip) return [];
    throw new TemplateError(`lookup 'first_found': none of these files exists: ${wanted.names.join(', ')}`);
  },
} satisfies Record<string, Lookup>;

/** A file's text, looked for where Ansible looks for it. */
export function readNamed(scope: Scope, name: string, folder: string): string {
  const path = findFile(scope, name, folder);
  if (path === undefined) {
    throw new TemplateError(
      `the file '${name}' was not found; looked at ${candidates(scope, name, folder).join(', ') || 'no place'}`,
    );
  }
  const status = statSync(path);
  if (!status.isFile()) throw new TemplateError(`'${path}' is not a file`);
  if (status.size > sizeLimit * 4) checkSize(status.size);
  const { text, wasVault } = textOf(path);
  checkSize(text.length);
  if (wasVault) hideValue(text.trim());
  return text;
}

function textOf(path: string): { text: string; wasVault: boolean } {
  try {
    const { bytes, wasVault } = readMaybeVault(path);
    return { text: bytes.toString('utf8'), wasVault };
  } catch (error) {
    if (error instanceof VaultError) throw new TemplateError(`'${path}': ${error.message}`);
    throw error;
  }
}

/** Names straight away, or maps with `files`, `paths` and `skip`. */
function firstFoundTerms(
  terms: readonly unknown[],
  options: Readonly<Record<string, unknown>>,
): { names: string[]; skip: boolean } {
  const names: string[] = [];
  let skip = options.skip === true;
  const given =
    options.files === undefined ? flatten(terms, Infinity, false) : [...flatten(terms, Infinity, false), options];
  for (const term of given) {
    if (!isMapping(term)) names.push(str(term));
    else {
      skip ||= entryOf(term, 'skip') === true;
      const paths = textTerms([entryOf(term, 'paths') ?? ['']]);
      const files = textTerms([entryOf(term, 'files') ?? []]);
      names.push(...paths.flatMap((path) => files.map((file) => join(path, file))));
    }
  }
  return { names, skip };
}
