import type { NodeQuery } from '../../redis/node/contract.ts';
import type { Args } from '../contract.ts';
import { type LoginArgs, loginOf } from '../declared-nodes.ts';

export interface ServerArgs extends Args, LoginArgs {
  readonly port: number;
  readonly config: string;
  readonly state: 'started' | 'stopped' | 'restarted' | 'absent';
  readonly supervisor: 'auto' | 'systemd' | 'daemonize' | 'foreground';
  readonly if_role?: 'master' | 'replica';
  readonly prefix: string;
  /** The server's program, where it is not the one in `prefix`. */
  readonly server?: string;
  /** A systemd unit that somebody else made for this node. */
  readonly unit?: string;
  readonly user?: string;
  readonly group?: string;
  readonly address: string;
  /** Where its host finds it, when that is not `address`. */
  readonly at?: string | undefined;
  readonly renamed_commands?: NodeQuery['renamed'];
  readonly open_files: number;
  /** Seconds. */
  readonly timeout: number;
  /** Inventory host; set by `prepare`. */
  readonly host: string;
}

export function unitName(args: ServerArgs): string {
  return args.unit ?? `redis@${args.port}.service`;
}

export function unitPath(args: ServerArgs): string {
  return `/etc/systemd/system/${unitName(args)}`;
}

export function serverPath(args: ServerArgs): string {
  return args.server ?? `${args.prefix}/current/bin/redis-server`;
}

export function label(args: ServerArgs): string {
  return `${args.host}:${args.port}`;
}

export function nodeQuery(args: ServerArgs, commands: NodeQuery['commands'], timeoutMs = 5000): NodeQuery {
  return {
    via: args.host,
    address: args.address,
    at: args.at,
    port: args.port,
    ...loginOf(args),
    renamed: args.renamed_commands,
    commands,
    timeoutMs,
  };
}
