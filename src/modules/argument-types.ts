/** What a value must be for a type of Ansible's argument specifications; undefined: it may be converted to it. */
export function misfitOf(value: unknown, type: string): string | undefined {
  const check = Object.hasOwn(checks, type) ? checks[type] : undefined;
  if (check === undefined) return `has the unknown type ${type}`;
  return check(value) ? undefined : `must be ${names[type] ?? type}, not ${kindOf(value)}`;
}

const words = /^(?:y|yes|on|1|true|t|n|no|off|0|false|f)$/i;
const amount = /^\s*\d+(?:\.\d+)?\s*[kmgtpezy]?(?:b|bit)?\s*$/i;
const isText = (value: unknown) => typeof value === 'string';
const isNumber = (value: unknown) => typeof value === 'number';
const isMap = (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value);

const checks: Readonly<Record<string, (value: unknown) => boolean>> = {
  // Ansible makes text of anything.
  str: () => true,
  raw: () => true,
  path: (value) => isText(value) || isNumber(value),
  bool: (value) => typeof value === 'boolean' || ((isText(value) || isNumber(value)) && words.test(String(value))),
  int: (value) => (isText(value) ? /^\s*[-+]?\d+\s*$/.test(String(value)) : Number.isInteger(value)),
  float: (value) =>
    isNumber(value) || (isText(value) && /^\s*[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?\s*$/i.test(String(value))),
  list: (value) => Array.isArray(value) || isText(value) || isNumber(value),
  dict: (value) => isMap(value) || (isText(value) && isMapText(String(value))),
  json: (value) => isText(value) || typeof value === 'object',
  jsonarg: (value) => isText(value) || typeof value === 'object',
  bytes: (value) => isNumber(value) || (isText(value) && amount.test(String(value))),
  bits: (value) => isNumber(value) || (isText(value) && amount.test(String(value))),
};

const names: Readonly<Record<string, string>> = {
  bool: 'a boolean',
  int: 'a whole number',
  float: 'a number',
  list: 'a list',
  dict: 'a map',
};

/** JSON, or `k=v` words. */
function isMapText(text: string): boolean {
  return /^\s*\{/.test(text) || text.includes('=');
}

function kindOf(value: unknown): string {
  if (value === null) return 'nothing';
  return Array.isArray(value) ? 'a list' : isMap(value) ? 'a map' : JSON.stringify(value);
}
