const banner = /^(?:PLAY|TASK|RUNNING HANDLER|NO MORE HOSTS LEFT|PLAY RECAP)\b.*$/;
const verdict =
  /^(?:ok|changed|skipping|failed|fatal|included|rescued|unreachable): |^\.\.\.ignoring$|^skipping: no hosts matched$/;
const recapRow = /^\S+ +: ok=/;

/**
 * The lines of ansible-playbook's text that say what happened where, without the results behind them. Hosts report in any
 * order, so the lines between two banners are sorted. ansible-core 2.14 tells of some `meta` once for each host, of others
 * never: what it tells of them is left out. The address
 * of the host that a task is delegated to is left out too. That
 * no hosts are left it tells twice when there are several reasons.
 */
export function headlines(text: string, metas: readonly string[]): string[] {
  let isMeta = false;
  const lines: string[] = [];
  let block: string[] = [];
  const endBlock = () => {
    lines.push(...block.sort());
    block = [];
  };
  for (const line of text.split('\n')) {
    if (banner.test(line)) {
      isMeta = metas.some((title) => line.startsWith(`TASK [${title}] `));
      if (isMeta || (line.startsWith('NO MORE HOSTS') && lines.at(-1) === line && block.length === 0)) continue;
      endBlock();
      lines.push(line);
    } else if (isMeta) {
    } else if (verdict.test(line)) {
      block.push(withoutResult(line));
    } else if (recapRow.test(line)) {
      block.push(line);
    }
  }
  endBlock();
  return lines;
}

function withoutResult(line: string): string {
  return line
    .replace(/ => [{[].*$/, ' =>')
    .replace(/^(\w+: \[\S+ -> [^\s(]+)\([^)]*\)\]/, '$1]')
    .replace(
      /^(included: .* for )(.*?)( => .*)?$/,
      (_line, head: string, hosts: string, item = '') => head + hosts.split(', ').sort().join(', ') + item,
    )
    .trimEnd();
}
