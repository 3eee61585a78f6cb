import { type ArgumentSchema, schemaOf } from './schema.ts';

/** Names of a module's arguments whose whole value is never shown. */
export function secretArgs(module: string): readonly string[] {
  const properties = Object.entries(schemaOf(module)?.properties ?? {});
  return properties.filter(([, part]) => part['x-secret'] === true).map(([name]) => name);
}

/** Every text among checked arguments that is never shown, also inside lists and maps (`users[0].password`). */
export function* secretValues(module: string, args: Readonly<Record<string, unknown>>): Generator<string> {
  const schema = schemaOf(module);
  if (schema !== undefined) yield* secretsIn(schema, args);
}

function* secretsIn(schema: ArgumentSchema, value: unknown): Generator<string> {
  if (schema['x-secret'] === true) {
    yield* textsIn(value);
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  const open = typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined;
  for (const [key, each] of Object.entries(value)) {
    const part = Array.isArray(value) ? schema.items : (schema.properties?.[key] ?? open);
    if (part !== undefined) yield* secretsIn(part, each);
  }
}

function* textsIn(value: unknown): Generator<string> {
  if (typeof value === 'string' && value !== '') yield value;
  else if (typeof value === 'number') yield String(value);
  else if (typeof value === 'object' && value !== null) for (const each of Object.values(value)) yield* textsIn(each);
}
