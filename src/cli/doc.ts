import { readdirSync, readFileSync } from 'node:fs';
import { Command } from 'commander';
import { InputError } from '../errors/errors.ts';
import { packageFile } from '../package/root.ts';
import { didYouMean } from '../source/nearest.ts';
import { output } from './terminal.ts';

interface Property {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly 'x-aliases'?: readonly string[];
}

interface Schema {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Property>>;
  readonly required?: readonly string[];
  readonly 'x-check-mode'?: string;
  readonly 'x-free-form'?: unknown;
}

/** `rcdeploy doc`: modules and their arguments, from the schemas that check them. */
export function docCommand(): Command {
  return new Command('doc').description('describe a module, or list all modules').argument('[module]').action(showDoc);
}

function showDoc(module: string | undefined): void {
  const names = readdirSync(packageFile('schemas/modules'))
    .filter((file) => file.endsWith('.json'))
    .map((file) => file.slice(0, -'.json'.length));
  if (module === undefined) {
    const width = Math.max(...names.map((name) => name.length));
    for (const name of names) output.line(`${name.padEnd(width)}  ${readSchema(name).description ?? ''}`);
    return;
  }
  const name = module.replace(/^ansible\.(builtin|legacy)\./, '');
  if (!names.includes(name)) {
    const message = `there is no module '${module}'`;
    const hint = didYouMean(name, names) ?? 'list them with `rcdeploy doc`';
    throw new InputError([{ severity: 'error', code: 'unknown-module', message, hint }]);
  }
  for (const line of moduleLines(name, readSchema(name))) output.line(line);
}

function readSchema(name: string): Schema {
  return JSON.parse(readFileSync(packageFile(`schemas/modules/${name}.json`), 'utf8')) as Schema;
}

function moduleLines(name: string, schema: Schema): string[] {
  const lines = [name, `  ${schema.description ?? ''}`];
  if (schema['x-check-mode'] !== undefined) lines.push(`  check mode: ${String(schema['x-check-mode'])}`);
  const options = Object.entries(schema.properties ?? {});
  return [
    ...lines,
    ...options.flatMap(([key, property]) => optionLines(key, property, schema.required?.includes(key) === true)),
  ];
}

function optionLines(key: string, property: Property, required: boolean): string[] {
  const facts = [
    required ? 'required' : undefined,
    property.enum === undefined ? typeText(property.type) : property.enum.join(' | '),
    property.default === undefined ? undefined : `default: ${JSON.stringify(property.default)}`,
    property['x-aliases'] === undefined ? undefined : `also: ${property['x-aliases'].join(', ')}`,
  ].filter((fact) => fact !== undefined);
  return ['', `  ${key}  (${facts.join('; ')})`, `    ${property.description ?? ''}`];
}

function typeText(type: Property['type']): string | undefined {
  return typeof type === 'object' ? type.join(' or ') : type;
}
