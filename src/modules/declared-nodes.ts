import type { DeclaredNode, Role } from '../redis/cluster/topology.ts';
import type { NodeQuery } from '../redis/node/contract.ts';

/** The arguments by which every module of the cluster is told its nodes and how to log in to them. */
export interface NodeArgs {
  readonly nodes: readonly {
    readonly host: string;
    readonly address: string;
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

/** The nodes of a task; a node's own login wins over the one for all. */
export function declaredNodes(args: NodeArgs): DeclaredNode[] {
  return args.nodes.map((node) => {
    const password = node.password ?? args.password;
    const username = node.username ?? args.username;
    return {
      host: node.host,
      address: node.address,
      port: node.port,
      busPort: node.bus_port,
      zone: node.zone,
      role: node.role,
      tls: args.tls,
      renamed: node.renamed_commands,
      auth: password === undefined ? undefined : { password, ...(username === undefined ? {} : { username }) },
    };
  });
}
