/**
 * Split the hosts of a play into `serial` batches: sizes are consumed left to right and the last repeats; a percentage is
 * of all hosts of the play, rounded down, at least 1; 0 or less means "all the rest" (ansible-core `_get_serialized_batches`).
 */
export function splitIntoBatches<T>(hosts: readonly T[], serial: readonly (number | string)[]): T[][] {
  if (serial.length === 0 || hosts.length === 0) return hosts.length === 0 ? [] : [[...hosts]];
  const batches: T[][] = [];
  let start = 0;
  for (let index = 0; start < hosts.length; index++) {
    const size = batchSize(serial[Math.min(index, serial.length - 1)] ?? 0, hosts.length);
    const end = size <= 0 ? hosts.length : Math.min(hosts.length, start + size);
    batches.push(hosts.slice(start, end));
    start = end;
  }
  return batches;
}

function batchSize(size: number | string, total: number): number {
  const text = String(size).trim();
  if (!text.endsWith('%')) return Math.trunc(Number(text)) || 0;
  return Math.max(1, Math.floor((Number(text.slice(0, -1)) / 100) * total));
}
