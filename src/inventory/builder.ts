import type { Diagnostic, Span } from '../errors/diagnostic.ts';
import type { VarLayer } from './contract.ts';

export interface GroupDraft {
  readonly name: string;
  readonly hosts: Set<string>;
  readonly children: Set<string>;
  readonly vars: VarLayer[];
}

export interface HostDraft {
  readonly name: string;
  readonly file: string | undefined;
  readonly vars: VarLayer[];
}

/** Collects what the inventory's sources declare; they are joined in the order in which they are read. */
export class InventoryBuilder {
  readonly hosts = new Map<string, HostDraft>();
  readonly groups = new Map<string, GroupDraft>();
  readonly diagnostics: Diagnostic[] = [];
  /** The file that is being read. */
  file: string | undefined;

  constructor() {
    this.group('all');
    this.group('ungrouped');
    this.group('all').children.add('ungrouped');
  }

  group(name: string): GroupDraft {
    let group = this.groups.get(name);
    if (!group) {
      group = { name, hosts: new Set(), children: new Set(), vars: [] };
      this.groups.set(name, group);
    }
    return group;
  }

  /** A draft to go on with; this one stays as it is. */
  copy(): InventoryBuilder {
    const copy = new InventoryBuilder();
    for (const host of this.hosts.values()) copy.hosts.set(host.name, { ...host, vars: [...host.vars] });
    for (const { name, hosts, children, vars } of this.groups.values()) {
      copy.groups.set(name, { name, hosts: new Set(hosts), children: new Set(children), vars: [...vars] });
    }
    return copy;
  }

  addHost(group: string, name: string, vars?: VarLayer): void {
    let host = this.hosts.get(name);
    if (!host) {
      host = { name, file: this.file, vars: [] };
      this.hosts.set(name, host);
    }
    if (vars) host.vars.push(vars);
    this.group(group).hosts.add(name);
  }

  /** Refuses a child that contains its parent. */
  addChild(parent: string, child: string, span: Span | undefined): void {
    if (parent === child || this.#contains(child, parent)) {
      this.error('group-cycle', `group '${child}' cannot be a child of '${parent}', which it contains`, span);
      return;
    }
    this.group(child);
    this.group(parent).children.add(child);
  }

  error(code: string, message: string, span: Span | undefined, hint?: string): void {
    this.diagnostics.push({ severity: 'error', code, message, span, hint });
  }

  warn(code: string, message: string, span: Span | undefined, hint?: string): void {
    this.diagnostics.push({ severity: 'warning', code, message, span, hint });
  }

  #contains(group: string, other: string): boolean {
    const children = this.groups.get(group)?.children ?? new Set<string>();
    return children.has(other) || [...children].some((child) => this.#contains(child, other));
  }
}
