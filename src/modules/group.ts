import { contained } from '../sh/contained.ts';
import { quote, quoteAll } from '../sh/quote.ts';
import { entryFunction, entryRead } from './account-read.ts';
import type { Change, HostModule } from './contract.ts';
import type { GroupArgs } from './generated/group.ts';
import { failedScript, ReplyLines } from './reply-lines.ts';

interface GroupState {
  readonly gid: number | undefined;
  /** Name of another group that has the wanted number. */
  readonly gidOwner: string | undefined;
}

export const group: HostModule<GroupArgs, GroupState> = {
  kind: 'host',
  name: 'group',
  fusable: true,
  read: (args) => ({
    script: contained(
      `${entryFunction}entry group ${quote(args.name)} 1\n${args.gid === undefined ? 'echo' : `entry group ${args.gid} 3`}\n`,
    ),
  }),
  parse({ reply }) {
    const lines = new ReplyLines(reply, 'looking up the group');
    const entry = lines.next().split(':');
    const other = lines.next().split(':')[0];
    return { gid: entry[2] === undefined ? undefined : Number(entry[2]), gidOwner: other === '' ? undefined : other };
  },
  plan({ gid, gidOwner }, args) {
    const result = { name: args.name, state: args.state, ...(gid === undefined ? {} : { gid }) };
    if (args.state === 'absent') {
      const changes = gid === undefined ? [] : [{ what: `group ${args.name}`, before: `gid ${gid}`, after: 'absent' }];
      return { changes, result: { name: args.name, state: 'absent' } };
    }
    if (args.gid !== undefined && gidOwner !== undefined && gidOwner !== args.name && !args.non_unique) {
      return { changes: [], failed: `gid ${args.gid} is taken by group ${gidOwner}`, result };
    }
    const changes: Change[] = [];
    if (gid === undefined) changes.push({ what: `group ${args.name}`, before: 'absent', after: 'present' });
    if (args.gid !== undefined && args.gid !== gid) changes.push({ what: 'gid', before: gid ?? null, after: args.gid });
    return {
      changes,
      result: { ...result, ...(args.gid === undefined ? {} : { gid: args.gid }), system: args.system },
    };
  },
  async apply(_plan, args, context, { gid }) {
    const reply = await context.sh(groupScript(args, gid !== undefined));
    if (reply.rc !== 0) throw failedScript(reply, `changing group ${args.name}`);
    const made = Number(reply.stdout.trim().split('\n').at(-1)?.split(':')[2]);
    return Number.isInteger(made) ? { gid: made } : {};
  },
};

function groupScript(args: GroupArgs, exists: boolean): string {
  const name = quote(args.name);
  const gid = args.gid === undefined ? [] : ['-g', String(args.gid)];
  const shared = args.non_unique ? ['-o'] : [];
  if (args.state === 'absent') {
    return `if command -v groupdel >/dev/null 2>&1; then groupdel ${args.force ? '-f ' : ''}${name}; else delgroup ${name}; fi\n`;
  }
  if (exists) {
    const line = quoteAll([...shared, ...gid, args.name]);
    return `command -v groupmod >/dev/null 2>&1 || { echo "this host has no groupmod to change a gid with" >&2; exit 1; }
groupmod ${line} || exit\n${entryRead('group', args.name)}`;
  }
  const shadow = quoteAll([...(args.system ? ['-r'] : []), ...shared, ...gid, args.name]);
  const busybox = quoteAll([...(args.system ? ['-S'] : []), ...gid, args.name]);
  return `if command -v groupadd >/dev/null 2>&1; then groupadd ${shadow} || exit; else addgroup ${busybox} || exit; fi\n${entryRead('group', args.name)}`;
}
