/** Tag selection as Ansible's `evaluate_tags`: `--tags` first, then `--skip-tags`; `always` and `never` are special. */
export function isSelected(tags: readonly string[], only: readonly string[], skip: readonly string[]): boolean {
  const has = (tag: string) => tags.includes(tag);
  const untagged = tags.length === 0;
  const wanted = (list: readonly string[]) =>
    list.some((tag) => has(tag)) || (list.includes('tagged') && !untagged) || (list.includes('untagged') && untagged);

  const everything = only.length === 0 || only.includes('all');
  // `tagged` alone does not choose what is never to run.
  const chosen = has('never') ? wanted(only.filter((tag) => tag !== 'tagged')) : wanted(only);
  const selected = everything ? !has('never') || chosen : has('always') || chosen;
  if (!selected || skip.length === 0) return selected;
  if (skip.includes('all')) return has('always') && !skip.includes('always');
  return !wanted(skip);
}
