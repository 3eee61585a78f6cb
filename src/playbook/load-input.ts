import type { Diagnostic } from '../errors/diagnostic.ts';
import { InputError } from '../errors/errors.ts';
import type { Inventory, VarLayer } from '../inventory/contract.ts';
import { loadInventory } from '../inventory/inventory.ts';
import type { Playbook } from './contract.ts';
import { Findings } from './findings.ts';
import { namesInFiles } from './names-in-files.ts';
import { type PlaybookText, readPlaybook, readPlaybookText } from './playbook.ts';
import { validate } from './validate.ts';

export interface Input {
  readonly inventory: Inventory;
  readonly playbooks: readonly Playbook[];
  readonly warnings: readonly Diagnostic[];
}

/**
 * Load inventory and playbooks and check them against each other. Throws one InputError with all mistakes of all files, those of
 * files that could only be read in part included.
 */
export async function loadInput(
  sources: readonly string[],
  playbookFiles: readonly string[],
  extraVars: VarLayer,
  texts: readonly PlaybookText[] = [],
): Promise<Input> {
  const findings = new Findings();
  const inventory = await loadInventory(sources).catch((error: unknown) => {
    if (!(error instanceof InputError)) throw error;
    findings.add(error.diagnostics);
    return undefined;
  });
  const read = [
    ...playbookFiles.map((file) => readPlaybook(file, extraVars)),
    ...texts.map((text) => readPlaybookText(text, extraVars)),
  ];
  for (const { diagnostics } of read) findings.add(diagnostics);
  const playbooks = read.map(({ playbook }) => playbook);
  // Without the inventory nearly every name would be undefined.
  const mayDefine = inventory === undefined ? () => true : nameInBrokenFiles(findings.diagnostics);
  findings.add(validate(inventory ?? emptyInventory, playbooks, extraVars, mayDefine));
  const sorted = findings.sorted();
  if (inventory === undefined || sorted.some(({ severity }) => severity === 'error')) throw new InputError(sorted);
  return { inventory, playbooks, warnings: [...inventory.warnings, ...sorted] };
}

const emptyInventory: Inventory = {
  hosts: new Map(),
  groups: new Map(),
  dir: '.',
  layersOf: () => [],
  warnings: [],
  withHost: () => emptyInventory,
  withMember: () => emptyInventory,
};

/** A file with a YAML error may define any name that stands in it. */
function nameInBrokenFiles(diagnostics: readonly Diagnostic[]): (name: string) => boolean {
  const broken = new Set(
    diagnostics.flatMap(({ code, span }) => (code.startsWith('yaml-') && span ? [span.file] : [])),
  );
  const words = namesInFiles(broken);
  return (name) => words.has(name);
}
