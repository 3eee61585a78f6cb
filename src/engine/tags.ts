/** Tag selection as Ansible's `evaluate_tags`: `--tags` first, then `--skip-tags`; `always` and `never` are special. */
export function isSelected(tags: readonly string[], only: readonly string[], skip: readonly string[]): boolean {
  const has = (tag: string) => tags.includes(tag);
  const untagged = tags.length === 0;
  const wanted = (list: readonly string[]) =>
    list.some((tag) => has(tag)) ||
    (list.includes('tagged') && !untagged && !onlyNever(tags)) ||
    (list.includes('untagged') && untagged);

  const everything = only.length === 0 || only.includes('all');
  let selected = everything ? !has('never') || wanted(only) : has('always') || wanted(only);
  if (!selected || skip.length === 0) return selected;
  if (skip.includes('all')) selected = has('always') && !skip.includes('always');
  if (wanted(skip)) selected = false;
  return selected;
}

function onlyNever(tags: readonly string[]): boolean {
  return tags.every((tag) => tag === 'never');
}
