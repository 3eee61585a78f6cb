/** What may stand beside `options` of a specification and says how these belong together, with the shape that it must have. */
const shapes: Readonly<Record<string, { readonly fits: (value: unknown) => boolean; readonly told: string }>> = {
  mutually_exclusive: { fits: areLists, told: 'a list of lists of names' },
  required_together: { fits: areLists, told: 'a list of lists of names' },
  required_one_of: { fits: areLists, told: 'a list of lists of names' },
  required_if: {
    fits: (value) => Array.isArray(value) && value.every(isRequirement),
    told: 'a list of [name, value, [names]], with true at the end where one of the names is enough',
  },
  required_by: {
    fits: (value) =>
      typeof value === 'object' && value !== null && !Array.isArray(value) && Object.values(value).every(areNeeded),
    told: 'a map of names to the names that they need',
  },
};

export const relationKeys: readonly string[] = Object.keys(shapes);

/** What is wrong with how a relation is written; undefined: nothing. */
export function relationFault(key: string, value: unknown): string | undefined {
  const shape = shapes[key];
  return shape === undefined || shape.fits(value) ? undefined : `"${key}" must be ${shape.told}`;
}

function areNeeded(value: unknown): boolean {
  return typeof value === 'string' || isNames(value);
}

function areLists(value: unknown): boolean {
  return Array.isArray(value) && value.every(isNames);
}

function isRequirement(value: unknown): boolean {
  if (!Array.isArray(value) || value.length < 3 || value.length > 4) return false;
  const [name, , names, oneIsEnough = false]: unknown[] = value;
  return typeof name === 'string' && isNames(names) && typeof oneIsEnough === 'boolean';
}

function isNames(value: unknown): boolean {
  return Array.isArray(value) && value.every((name) => typeof name === 'string');
}
