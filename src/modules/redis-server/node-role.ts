import type { ServerArgs } from './server-args.ts';
import type { ServerState } from './server-state.ts';

/** Prints `noderole ROLE` as the node's own file of the cluster says, which it may not rewrite while it is down. */
export function nodeRoleScript({ if_role }: ServerArgs): string {
  if (if_role === undefined) return '';
  return `directive() { sed -n "s/^[[:space:]]*$1[[:space:]][[:space:]]*//p" "$conf" 2>/dev/null | sed 's/^"\\(.*\\)"$/\\1/' | tail -n 1; }
nodes=$(directive cluster-config-file)
case $nodes in ''|/*) ;; *) nodes=$(directive dir)/$nodes ;; esac
[ ! -r "$nodes" ] || while read -r _ _ flags _; do
  case $flags in
    *myself*slave*|*myself*replica*) echo 'noderole replica' ;;
    *myself*) echo 'noderole master' ;;
  esac
done <"$nodes"
`;
}

/** Whether the task is not for this node: it has the other role. One that never was in a cluster counts as a master. */
export function hasOtherRole({ node, roleInFile }: ServerState, { if_role }: ServerArgs): boolean {
  if (if_role === undefined || (typeof node === 'object' && 'unknown' in node)) return false;
  const role = node === 'down' ? (roleInFile ?? 'master') : node.role;
  return role !== if_role;
}
