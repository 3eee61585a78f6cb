/** Host names for people: all of them up to a dozen, then the first ones and how many there are. */
export function hostList(hosts: readonly string[], most = 12): string {
  if (hosts.length <= most) return hosts.join(' ');
  return `${hosts.slice(0, most - 2).join(' ')} … (${hosts.length} hosts)`;
}

/** Up to so many hosts are named even when they are all that there are. */
const fewHosts = 3;

/** `all 6 hosts` when these are all and not few, else their names. */
export function everyHost(hosts: readonly string[], all: readonly string[], most = 12): string {
  const everyone = hosts.length > fewHosts && all.length > 0 && all.every((host) => hosts.includes(host));
  return everyone ? `all ${hosts.length} hosts` : hostList(hosts, most);
}

export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

/** 0.4 s, 12 s, 3 min 20 s. */
export function duration(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const minutes = Math.floor(Math.round(seconds) / 60);
  return minutes < 60
    ? `${minutes} min ${Math.round(seconds) % 60} s`
    : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
