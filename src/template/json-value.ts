/** Whether JSON holds a value without parts as it is: it has no infinities, and drops the sign of -0. */
export function isJsonScalar(value: unknown): boolean {
  if (typeof value === 'number') return Number.isFinite(value) && !Object.is(value, -0);
  return value === null || typeof value === 'string' || typeof value === 'boolean';
}

/** A list, or a map that is of no class. */
export function isJsonContainer(value: object): boolean {
  return Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype;
}
