import { quote } from '../sh/quote.ts';
import type { Reply } from '../transport/contract.ts';
import type { Change, PlanEnv, Result } from './contract.ts';
import { formatMode, resolveMode } from './mode.ts';
import { type PathKind, type PathState, parseStatBlock } from './path-state.ts';
import { ReplyLines } from './reply-lines.ts';

/** The arguments that every module which makes paths shares. */
export interface AttributeArgs {
  readonly owner?: string;
  readonly group?: string;
  readonly mode?: string;
}

/** What the host says besides the path's own state. */
export interface AttributeFacts {
  readonly umask: number;
  /** The message Ansible gives when the wanted owner or group is not known on the host. */
  readonly unknownName: string | undefined;
}

/** What a path shall have in the end; `owner` and `group` as chown takes them, undefined: left as they are. */
export interface WantedAttributes {
  readonly owner: string | undefined;
  readonly group: string | undefined;
  readonly bits: number;
}

/** Goes right after a `stat_block` of the path: only a name that differs from what the path has is looked up. */
export function attributesRead(args: AttributeArgs): string {
  return `umask\n${nameRead('U', args.owner, (name) => `id -u ${name}`)}${nameRead(
    'G',
    args.group,
    (name) => `getent group ${name} || grep -q ${quote(`^${escapeBasic(args.group ?? '')}:`)} /etc/group`,
  )}`;
}

function nameRead(variable: string, name: string | undefined, lookup: (word: string) => string): string {
  if (name === undefined || isNumber(name)) return 'echo ok\n';
  const word = quote(name);
  return `if [ "$${variable}" = ${word} ] || { ${lookup(word)}; } >/dev/null 2>&1; then echo ok; else echo unknown; fi\n`;
}

function escapeBasic(text: string): string {
  return text.replace(/[.[\]*^$\\]/g, '\\$&');
}

function isNumber(name: string): boolean {
  return /^\d+$/.test(name);
}

export function parseAttributesRead(lines: ReplyLines, args: AttributeArgs): AttributeFacts {
  const umask = Number.parseInt(lines.next(), 8) || 0;
  const owner = lines.next();
  const group = lines.next();
  const unknownName =
    owner === 'unknown'
      ? `chown failed: failed to look up user ${args.owner}`
      : group === 'unknown'
        ? `chgrp failed: failed to look up group ${args.group}`
        : undefined;
  return { umask, unknownName };
}

/** Bits of a path that does not exist yet: what the host's umask leaves. */
export function newBits(kind: PathKind, umask: number): number {
  return (kind === 'directory' ? 0o777 : 0o666) & ~umask;
}

/** What the path shall have: the arguments, else what it has, else what a new path gets. */
export function wantedAttributes(
  state: PathState | undefined,
  args: AttributeArgs,
  kind: PathKind,
  umask: number,
): WantedAttributes {
  const current = state?.bits ?? newBits(kind, umask);
  return {
    owner: args.owner ?? (state === undefined ? undefined : String(state.uid)),
    group: args.group ?? (state === undefined ? undefined : String(state.gid)),
    bits: args.mode === undefined ? current : resolveMode(args.mode, current, kind === 'directory', umask),
  };
}

/** The differences between what a path has and what the arguments want. A link's own mode cannot be changed. */
export function attributeChanges(
  state: PathState | undefined,
  args: AttributeArgs,
  kind: PathKind,
  umask: number,
): Change[] {
  const changes: Change[] = [];
  const compare = (what: string, wanted: string | undefined, name: string | undefined, id: number | undefined) => {
    if (wanted === undefined) return;
    const before = isNumber(wanted) && id !== undefined ? String(id) : name;
    if (before !== wanted) changes.push({ what, before: before ?? null, after: wanted });
  };
  compare('owner', args.owner, state?.owner, state?.uid);
  compare('group', args.group, state?.group, state?.gid);
  if (args.mode !== undefined && kind !== 'link') {
    const wanted = wantedAttributes(state, args, kind, umask).bits;
    if (state?.bits !== wanted) {
      const before = state === undefined ? null : formatMode(state.bits);
      changes.push({ what: 'mode', before, after: formatMode(wanted) });
    }
  }
  return changes;
}

/** The failure for a name that the host does not know, unless an earlier task of this check run would have made it. */
export function unknownNameFailure(facts: AttributeFacts, env: PlanEnv): string | undefined {
  return env.check && env.changesPredicted ? undefined : facts.unknownName;
}

/** sh lines that give `$target` (a variable holding the path) its owner, group and mode; chown first, since it clears setuid. */
export function attributeScript(
  args: AttributeArgs,
  bits: number | undefined,
  variable = 'p',
  ownLink = false,
): string {
  const lines: string[] = [];
  const ownership = `${args.owner ?? ''}${args.group === undefined ? '' : `:${args.group}`}`;
  if (ownership !== '') lines.push(`chown ${ownLink ? '-h ' : ''}-- ${quote(ownership)} "$${variable}" || exit`);
  if (bits !== undefined) lines.push(`chmod -- ${formatMode(bits)} "$${variable}" || exit`);
  return lines.map((line) => `${line}\n`).join('');
}

/** Ansible's keys for a path's state in results. */
export function attributeResult(state: PathState | undefined): Result {
  if (state === undefined) return {};
  return {
    uid: state.uid,
    gid: state.gid,
    owner: state.owner,
    group: state.group,
    mode: formatMode(state.bits),
    size: state.size,
    state: state.kind === 'file' && state.links > 1 ? 'hard' : state.kind,
  };
}

/** The keys for what a script's closing stat_block says; nothing when it said nothing. */
export function attributesNow(reply: Reply): Result {
  return reply.stdout === '' ? {} : attributeResult(parseStatBlock(new ReplyLines(reply, 'looking at the outcome')));
}
