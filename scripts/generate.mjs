// From schemas/: TypeScript types of module arguments, one bundle of all schemas, and validators compiled ahead of time
// (importing ajv at run time would cost every start about 50 ms). Needs nothing but node_modules.
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Ajv2020 } from 'ajv/dist/2020.js';
import standaloneCode from 'ajv/dist/standalone/index.js';
import { compile } from 'json-schema-to-typescript';
import { forEditors } from './editor-schema.mjs';
import { ownKeywords, without } from './schema-keywords.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const banner = '// Written by scripts/generate.mjs from schemas/. Not in the repository.\n';

const schemas = readSchemas(`${root}schemas/modules`);
const playbook = JSON.parse(readFileSync(`${root}schemas/playbook.json`, 'utf8'));
const keywords = keywordSchemas(playbook);
const typesDirectory = `${root}src/modules/generated`;
writeTree(typesDirectory, await typesOf(schemas, typesDirectory));
writeTree(
  `${root}src/playbook/generated`,
  new Map([
    [`${root}src/playbook/generated/schemas.ts`, bundleOf(schemas)],
    [`${root}src/playbook/generated/keywords.ts`, keywordsBundleOf(playbook)],
    [`${root}src/playbook/generated/validators.ts`, validatorsOf(schemas, keywords)],
  ]),
);

const editorsDirectory = `${root}schemas/generated`;
writeTree(editorsDirectory, new Map([[`${editorsDirectory}/modules.json`, forEditors(schemas)]]));

function readSchemas(directory) {
  const found = new Map();
  for (const file of readdirSync(directory).sort()) {
    if (!file.endsWith('.json')) continue;
    const name = basename(file, '.json');
    const schema = JSON.parse(readFileSync(`${directory}/${file}`, 'utf8'));
    checkShape(name, schema);
    found.set(name, schema);
  }
  return found;
}

function checkShape(name, schema) {
  const wrong = (what) => {
    throw new Error(`schemas/modules/${name}.json: ${what}`);
  };
  if (schema.title !== name) wrong(`title is ${JSON.stringify(schema.title)}, the file's name says "${name}"`);
  if (schema.type !== 'object' || !schema.properties) wrong('needs type "object" and properties');
  if (schema.additionalProperties === undefined) wrong('needs additionalProperties: false');
  if (schema['x-free-form'] === 'raw' && !schema.properties._raw) wrong('x-free-form "raw" needs a property _raw');
  const names = new Set();
  for (const [argument, part] of Object.entries(schema.properties)) {
    if (!part.description) wrong(`argument "${argument}" has no description`);
    for (const each of [argument, ...(part['x-aliases'] ?? [])]) {
      if (names.has(each)) wrong(`the name "${each}" is used twice`);
      names.add(each);
    }
  }
  const declared = (argument) => schema.properties[argument] || wrong(`"${argument}" is not among the properties`);
  for (const argument of schema.required ?? []) declared(argument);
  for (const list of ['x-mutually-exclusive', 'x-required-one-of', 'x-required-together']) {
    for (const argument of (schema[list] ?? []).flat()) declared(argument);
  }
  for (const rule of schema['x-required-if'] ?? []) for (const each of [rule.arg, ...rule.then]) declared(each);
}

/** What a module sees: defaults are filled in, so an argument that has one is never missing. */
async function typesOf(all, directory) {
  const files = new Map();
  for (const [name, schema] of all) {
    const filled = Object.entries(schema.properties).filter(([, part]) => part.default !== undefined);
    const seen = {
      ...without(['default', '$schema'], schema),
      title: typeName(name),
      required: [...new Set([...(schema.required ?? []), ...filled.map(([argument]) => argument)])],
    };
    const code = await compile(seen, typeName(name), { bannerComment: banner, format: false, cwd: root });
    // A type alias, unlike an interface, is assignable to Record<string, unknown>.
    files.set(`${directory}/${name}.ts`, code.replace(/^export interface (\w+) \{/gm, 'export type $1 = {'));
  }
  return files;
}

function typeName(module) {
  return `${module.replace(/(^|_)(\w)/g, (_, __, letter) => letter.toUpperCase())}Args`;
}

/** Text that is parsed when its module is first used: cheaper to load than an object literal of all of them. */
function bundleOf(all) {
  const texts = [...all].map(
    ([name, schema]) => `  ${JSON.stringify(name)}: ${JSON.stringify(JSON.stringify(schema))},\n`,
  );
  return `${banner}export const moduleSchemaTexts: Readonly<Record<string, string>> = {\n${texts.join('')}};\n`;
}

/**
 * The keyword lists of the loader. For editors a keyword's kind allows templates (`$defs`); the loader judges those by itself
 * and takes the kind's `x-loader` instead.
 */
function keywordSchemas({ $defs }) {
  const kinds = ['play', 'block', 'task', 'import_playbook', 'loop_control', 'role', 'vars_prompt'];
  return new Map(
    kinds.map((kind) => {
      const { properties, required, additionalProperties = false } = $defs[kind];
      const resolved = Object.entries(properties).map(([name, { $ref, 'x-loader': own, ...rest }]) => {
        const loader = own ?? $defs[$ref?.replace('#/$defs/', '')]?.['x-loader'];
        return [name, { ...(loader === undefined ? {} : { description: rest.description }), ...(loader ?? rest) }];
      });
      return [
        kind,
        {
          title: kind,
          type: 'object',
          // What is no keyword of a role is a variable for it.
          additionalProperties,
          properties: Object.fromEntries(resolved),
          required,
        },
      ];
    }),
  );
}

function keywordsBundleOf(schema) {
  const schemas = Object.fromEntries(keywordSchemas(schema));
  return [
    banner,
    `export const keywordSchemas: unknown = JSON.parse(${JSON.stringify(JSON.stringify(schemas))});\n`,
    `export const notYet: unknown = ${JSON.stringify(schema['x-not-yet'], undefined, 2)};\n`,
  ].join('');
}

/** One validator per module and kind of keywords. Unknown, missing and renamed ones are judged before, in src/playbook/check-map.ts. */
function validatorsOf(modules, keywords) {
  const all = new Map([...modules, ...[...keywords].map(([kind, schema]) => [`keywords_of_${kind}`, schema])]);
  const ajv = new Ajv2020({ allErrors: true, strictTypes: false, code: { source: true, esm: true } });
  for (const [name, schema] of all) {
    const { properties } = without([...ownKeywords, 'default', 'description', 'title'], schema);
    ajv.addSchema({ $id: name, type: 'object', properties });
  }
  const exported = Object.fromEntries([...all.keys()].map((name) => [exportName(name), name]));
  const code = withoutSchemas(withOwnHelpers(standaloneCode.default(ajv, exported)));
  const table = [...all.keys()].map((name) => `  ${JSON.stringify(name)}: ${exportName(name)},\n`);
  return `// @ts-nocheck\n${banner}${code}\nexport const validators: Readonly<Record<string, Validator>> = {\n${table.join('')}};\n`;
}

function exportName(module) {
  return `validate_${module}`;
}

/** ajv's ESM output still calls require() for its helpers (ajv 8.20.0); ours do the same without ajv. */
function withOwnHelpers(code) {
  const own = { 'ajv/dist/runtime/equal': 'isEqual', 'ajv/dist/runtime/ucs2length': 'countCharacters' };
  const body = code.replace(/require\("([^"]+)"\)\.default/g, (_, file) => {
    if (!own[file])
      throw new Error(`a schema needs ajv's helper "${file}", which has no counterpart in src/playbook/validator.ts`);
    return own[file];
  });
  return `import { countCharacters, isEqual, type Validator } from '../validator.ts';\n${body}`;
}

/**
 * The schemas as values, of which an error quotes a line, and lists of what was looked at, which nobody asks for, were made at each start: 2 ms.
 * What is quoted stands where it is quoted instead.
 */
function withoutSchemas(code) {
  const schemas = new Map();
  const bare = code
    .replace(/const evaluated0 = \w+\.evaluated;(?:if\(evaluated0\.\w+\)\{evaluated0\.\w+ = undefined;\})+/g, '')
    .replace(/(const schema\d+|\w+\.evaluated) = (\{.*?\});/gs, (_, name, json) => {
      schemas.set(name.replace('const ', ''), JSON.parse(json));
      return '';
    });
  const slim = bare.replace(/\b(schema\d+)((?:\.\w+|\["[^"]+"\])+)/g, (_, name, path) => {
    const keys = [...path.matchAll(/\.(\w+)|\["([^"]+)"\]/g)].map(([, plain, quoted]) => plain ?? quoted);
    const value = keys.reduce((part, key) => part[key], schemas.get(name));
    // Of maps it is asked what names they have.
    const isMap = typeof value === 'object' && !Array.isArray(value);
    return JSON.stringify(isMap ? Object.fromEntries(Object.keys(value).map((key) => [key, 1])) : value);
  });
  if (/\bschema\d|\bevaluated/.test(slim))
    throw new Error('ajv uses schemas in another way than scripts/generate.mjs knows');
  return slim;
}

/** Writes what differs and removes what is no longer made, so that two at once do not disturb each other. */
function writeTree(directory, files) {
  mkdirSync(directory, { recursive: true });
  for (const [file, text] of files) {
    if (existsSync(file) && readFileSync(file, 'utf8') === text) continue;
    writeFileSync(`${file}.${process.pid}`, text);
    renameSync(`${file}.${process.pid}`, file);
  }
  for (const name of readdirSync(directory)) {
    const file = `${directory}/${name}`;
    if (/\.(ts|js|json)$/.test(name) && !files.has(file)) rmSync(file, { force: true });
  }
}
