/** A cluster as it is seen at one moment: plain data, for the renderers and for programs. */
export interface ClusterPicture {
  readonly name: string;
  /** The node or inventory that it was looked at through. */
  readonly through: string;
  readonly time: string;
  readonly nodes: readonly PicturedNode[];
  /** All nodes that answer believe the same of who owns which slots. */
  readonly agreed: boolean;
  readonly covered: number;
  readonly uncovered: string;
  readonly open: readonly OpenSlots[];
  /** Versions of nodes with published flaws, and the lowest later one that has none of them. They are no findings: the cluster is as it should be. */
  readonly flaws: readonly {
    readonly version: string;
    readonly nodes: readonly string[];
    readonly ids: readonly string[];
    readonly mended: string | null;
  }[];
  /** Day up to which flaws are known. */
  readonly flaws_known_until: string;
  readonly findings: readonly { readonly code: string; readonly message: string; readonly nodes: readonly string[] }[];
}

export interface PicturedNode {
  /** `host:port`, as people call it. */
  readonly name: string;
  /** `address:port`, as the cluster does. */
  readonly endpoint: string;
  readonly id: string | null;
  readonly zone: string | null;
  /** Null: it gives no answer, and `problem` says why. */
  readonly role: 'master' | 'replica' | null;
  readonly problem: string | null;
  readonly slots: string;
  readonly slot_count: number;
  readonly master_id: string | null;
  readonly replica_of: string | null;
  readonly link: 'up' | 'down' | null;
  /** Bytes of its master's writes that it has not got yet. */
  readonly lag: number | null;
  readonly state_ok: boolean;
  readonly keys: number;
  readonly memory: number | null;
  readonly max_memory: number | null;
  readonly clients: number | null;
  readonly uptime: number | null;
  readonly version: string | null;
}

export interface OpenSlots {
  readonly node: string;
  readonly endpoint: string;
  readonly state: 'migrating' | 'importing';
  readonly slots: readonly number[];
}

/** Masters with what they hold, as redis-cli counts them. */
export function mastersOf(picture: ClusterPicture): readonly (PicturedNode & { readonly replicas: number })[] {
  return picture.nodes
    .filter(({ role }) => role === 'master')
    .map((node) => ({ ...node, replicas: picture.nodes.filter(({ master_id }) => master_id === node.id).length }));
}
