/** Keywords of schemas/README.md that JSON Schema does not know. */
export const ownKeywords = [
  'x-aliases',
  'x-check-mode',
  'x-format',
  'x-free-form',
  'x-loader',
  'x-mutually-exclusive',
  'x-one-per-line',
  'x-required-if',
  'x-required-one-of',
  'x-required-together',
  'x-secret',
  'x-unsupported',
];

/** Copies without the given keywords; names of arguments are not keywords. */
export function without(keywords, schema) {
  if (Array.isArray(schema)) return schema.map((each) => without(keywords, each));
  if (typeof schema !== 'object' || schema === null) return schema;
  const kept = Object.entries(schema).filter(([key]) => !keywords.includes(key));
  return Object.fromEntries(
    kept.map(([key, value]) => [
      key,
      key === 'properties'
        ? Object.fromEntries(Object.entries(value).map(([name, part]) => [name, without(keywords, part)]))
        : without(keywords, value),
    ]),
  );
}
