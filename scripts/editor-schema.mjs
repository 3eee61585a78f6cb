import { ownKeywords, without } from './schema-keywords.mjs';

const templated = { type: 'string', pattern: '\\{[{%]' };

/** What editors know of module calls (schemas/playbook.json refers to it): templates and free forms are allowed, as in playbooks. */
export function forEditors(all) {
  const $defs = Object.fromEntries([...all].map(([name, schema]) => [name, callForEditors(schema)]));
  const names = [...all.keys()];
  const prefix = '^(ansible\\.(builtin|legacy|posix)|community\\.general)\\.';
  const schema = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'module calls',
    properties: Object.fromEntries(names.map((name) => [name, { $ref: `#/$defs/${name}` }])),
    patternProperties: Object.fromEntries(names.map((name) => [`${prefix}${name}$`, { $ref: `#/$defs/${name}` }])),
    $defs,
  };
  return `${JSON.stringify(schema, undefined, 1)}\n`;
}

function callForEditors(schema) {
  const { properties, additionalProperties, description } = schema;
  const named = Object.entries(properties).filter(([name]) => !name.startsWith('_'));
  const aliases = named.flatMap(([name, part]) =>
    (part['x-aliases'] ?? []).map((alias) => [
      alias,
      { ...valueForEditors(part), description: `The same as ${name}.` },
    ]),
  );
  const own = named.map(([name, part]) => [name, valueForEditors(part)]);
  const map = { type: 'object', additionalProperties, properties: Object.fromEntries([...own, ...aliases]) };
  return { description, anyOf: [map, { type: ['string', 'null'] }] };
}

function valueForEditors(part) {
  const plain = without(ownKeywords, part);
  const { description } = part;
  const hidden = { ...plain };
  delete hidden.description;
  delete hidden.default;
  const either = (...others) => ({
    ...(description === undefined ? {} : { description }),
    ...(part.default === undefined ? {} : { default: part.default }),
    anyOf: [hidden, ...others],
  });
  if (part.type === 'boolean') return either({ enum: ['yes', 'no', 'on', 'off'] }, templated);
  if (part.type === 'integer' || part.type === 'number') return either({ type: 'string' }, templated);
  if (part.type === 'array') return either({ type: ['string', 'number'] });
  if (part.type === 'object') return either({ type: 'string' });
  return part.type === 'string' ? either({ type: 'number' }, templated) : plain;
}
