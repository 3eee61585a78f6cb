import { dirname } from 'node:path';
import type { Diagnostic } from '../errors/diagnostic.ts';
import type { Inventory, VarLayer } from '../inventory/contract.ts';
import { spanOf } from '../source/positions.ts';
import { compileSite, undefinedName } from './check-site.ts';
import type { Meta, Play, Playbook, Task } from './contract.ts';
import { includedVars } from './included-vars.ts';
import {
  type Definitions,
  define,
  inventoryLayers,
  loopNames,
  namesInTasks,
  namesOfRun,
  nameTemplatesOfRun,
  possibleFilesOf,
  roleLayers,
} from './known-names.ts';
import { namesInFiles } from './names-in-files.ts';
import { expressionsOf, type Site, sitesOfMeta, sitesOfPlay, sitesOfTask, stepsOf, templatesIn } from './sites.ts';
import { templateFileSites } from './template-files.ts';

/**
 * Names that are defined nowhere, and templates that cannot be compiled, in playbooks, their template files, and in all
 * variables that they use. What a fact, a register or a branch not taken may bring is judged when it is used. `mayDefine`: names
 * that stand in files which could not be read whole.
 */
export function checkNames(
  inventory: Inventory,
  playbooks: readonly Playbook[],
  extraVars: VarLayer,
  mayDefine: (name: string) => boolean = () => false,
): Diagnostic[] {
  const ofRun = namesOfRun(playbooks);
  const patterns = nameTemplatesOfRun(playbooks);
  const diagnostics: Diagnostic[] = [];
  for (const playbook of playbooks) {
    const byDir = new Map<string, Definitions>();
    for (const play of playbook.plays) {
      const dir = dirname(play.span.file);
      const outer: Definitions = byDir.get(dir) ?? new Map();
      if (!byDir.has(dir)) define(outer, inventoryLayers(inventory, dir));
      byDir.set(dir, outer);
      const definitions: Definitions = new Map(outer);
      define(definitions, [
        ...roleLayers(play),
        ...includedVars(play, dir),
        ...play.vars,
        ...varsFilesOf(play),
        extraVars,
      ]);
      const asked = new Set([...ofRun, ...play.prompts.map(({ name }) => name)]);
      const named = namesInFiles(possibleFilesOf(play));
      const isOpen = play.varsFiles.some(({ isForeseen }) => !isForeseen);
      const may = (name: string) =>
        isOpen || mayDefine(name) || named.has(name) || patterns.some((pattern) => pattern.test(name));
      diagnostics.push(...new PlayCheck(play, definitions, asked, may).run());
    }
  }
  return diagnostics;
}

function varsFilesOf({ varsFiles }: Play): VarLayer[] {
  return varsFiles.flatMap(({ candidates }) => candidates);
}

class PlayCheck {
  private readonly diagnostics: Diagnostic[] = [];
  /** Maps of variables with the names in them that have been followed. */
  private readonly followed = new Map<object, Set<string>>();
  /** Texts that were complained about: what a block gives to ten tasks is one mistake. */
  private readonly faulty = new Set<string>();
  private readonly play: Play;
  private readonly definitions: Definitions;
  private readonly ofRun: ReadonlySet<string>;
  private readonly mayDefine: (name: string) => boolean;
  private readonly inTasks: ReadonlySet<string>;
  /** Names that an `assert` of the play asks for: it tells the user itself when they are missing. */
  private readonly asserted = new Set<string>();

  constructor(play: Play, definitions: Definitions, ofRun: ReadonlySet<string>, mayDefine: (name: string) => boolean) {
    this.mayDefine = mayDefine;
    this.play = play;
    this.definitions = definitions;
    this.ofRun = ofRun;
    this.inTasks = namesInTasks(play);
  }

  run(): Diagnostic[] {
    for (const step of stepsOf(this.play))
      if (step.kind === 'task' && step.module === 'assert') this.noteAsserted(step);
    for (const site of sitesOfPlay(this.play)) this.check(site, new Set());
    for (const step of stepsOf(this.play)) this.checkStep(step);
    for (const { vars } of [...this.play.vars, ...varsFilesOf(this.play)])
      for (const name of Object.keys(vars)) this.checkSyntax(vars, name);
    for (const name of this.definitions.keys()) if (/^(?:ansible|redis)_|^zone$/.test(name)) this.follow(name);
    return this.diagnostics;
  }

  private noteAsserted(task: Task): void {
    for (const site of sitesOfTask(task)) {
      const compiled = compileSite(site);
      if ('names' in compiled) for (const name of compiled.guardedNames) this.asserted.add(name);
    }
  }

  private checkStep(step: Task | Meta): void {
    const own = new Set([...step.vars, ...step.params].flatMap(({ vars }) => Object.keys(vars)));
    const guarded = guardedBy(step);
    const local = new Set([...own, ...guarded]);
    // A task's variables may use its loop's; the loop's list may not.
    if (step.kind === 'task') for (const name of loopNames(step)) local.add(name);
    for (const { vars } of step.vars) {
      for (const [name, value] of Object.entries(vars))
        for (const site of templatesIn(value, spanOf(vars, name))) this.check(site, local);
    }
    for (const site of step.kind === 'meta' ? sitesOfMeta(step) : sitesOfTask(step)) this.check(site, local);
    if (step.kind === 'meta') return;
    const files = templateFileSites(step, dirname(this.play.span.file));
    this.diagnostics.push(...files.diagnostics);
    for (const site of files.sites) this.check(site, local);
  }

  private check(site: Site, local: ReadonlySet<string>): void {
    const compiled = compileSite(site);
    if (!('names' in compiled)) {
      this.report(site, compiled);
      return;
    }
    for (const name of compiled.names) {
      if (this.isKnown(name, local)) this.follow(name);
      else this.report(site, undefinedName(site, name, this.namesNear(local)));
    }
    for (const name of compiled.guardedNames) this.follow(name);
  }

  private report(site: Site, diagnostic: Diagnostic): void {
    const key = `${site.span?.file}:${diagnostic.message}:${site.text}`;
    if (this.faulty.has(key)) return;
    this.faulty.add(key);
    this.diagnostics.push(diagnostic);
  }

  private isKnown(name: string, local: ReadonlySet<string>): boolean {
    return (
      name.startsWith('ansible_') ||
      local.has(name) ||
      this.definitions.has(name) ||
      this.ofRun.has(name) ||
      this.asserted.has(name) ||
      this.mayDefine(name)
    );
  }

  private namesNear(local: ReadonlySet<string>): Iterable<string> {
    return [...local, ...this.definitions.keys(), ...this.ofRun];
  }

  /** A variable that is used: its own templates are rendered then. */
  private follow(name: string): void {
    for (const vars of this.definitions.get(name) ?? []) {
      const done = this.followed.get(vars) ?? new Set();
      this.followed.set(vars, done);
      if (done.has(name)) continue;
      done.add(name);
      for (const site of templatesIn(vars[name], spanOf(vars, name))) this.check(site, this.inTasks);
    }
  }

  /** A variable of the playbook that nothing uses may name what is not there, but it must be a template. */
  private checkSyntax(vars: Readonly<Record<string, unknown>>, name: string): void {
    for (const site of templatesIn(vars[name], spanOf(vars, name))) {
      const compiled = compileSite(site);
      if (!('names' in compiled)) this.report(site, compiled);
    }
  }
}

/** Names that a task's condition asks for: with `when: x is defined` the rest may use x. */
function guardedBy(step: Task | Meta): Set<string> {
  const guarded = new Set<string>();
  for (const condition of step.when) {
    for (const site of expressionsOf(condition)) {
      const compiled = compileSite(site);
      if ('names' in compiled) for (const name of compiled.guardedNames) guarded.add(name);
    }
  }
  return guarded;
}
