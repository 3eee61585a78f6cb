import type { DeclaredNode, Role } from '../redis/cluster/topology.ts';
import type { NodeAccess, NodeQuery } from '../redis/node/contract.ts';
import { canonicalAddress } from '../template/address.ts';

/** The arguments by which a module is told how to log in to a node. */
export interface LoginArgs {
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly tls?: NodeAccess['tls'];
}

/** The arguments by which every module of the cluster is told its nodes and how to log in to them. */
export interface NodeArgs {
  readonly nodes: readonly {
    readonly host: string;
    readonly address: string;
    readonly at?: string;
    readonly port: number;
    readonly bus_port?: number;
    readonly zone?: string;
    readonly role?: Role;
    readonly username?: string;
    readonly password?: string;
    readonly renamed_commands?: Readonly<Record<string, string>>;
  }[];
  readonly username?: string;
  readonly password?: string;
  readonly tls?: NonNullable<NodeQuery['tls']>;
}

/** An empty password is none. */
export function loginOf({ username, password, tls }: LoginArgs): Pick<NodeAccess, 'auth' | 'tls'> {
  const auth = password ? { password, ...(username === undefined ? {} : { username }) } : undefined;
  return { auth, tls };
}

/** The nodes of a task; a node's own login wins over the one for all. */
export function declaredNodes(args: NodeArgs): DeclaredNode[] {
  return args.nodes.map((node) => ({
    host: node.host,
    address: canonicalAddress(node.address),
    at: node.at,
    port: node.port,
    busPort: node.bus_port,
    zone: node.zone,
    role: node.role,
    ...loginOf({
      username: node.username ?? args.username,
      password: node.password ?? args.password,
      tls: args.tls,
    }),
    renamed: node.renamed_commands,
  }));
}
