import { itemOf } from '../access.ts';
import { type Context, define, defineWithContext } from '../functions.ts';
import { type Dict, elements, isTrue } from '../kinds.ts';
import { own } from '../methods.ts';
import { str } from '../python-text.ts';
import { known } from '../undefined.ts';
import { TemplateError } from '../values.ts';
import { attributeGetter } from './attributes.ts';

/** Filters that apply another filter or test to each element. They give lists, where Jinja2 gives generators. */
export const selectFilters = {
  map: defineWithContext('*filter **options', map),
  select: defineWithContext('*test', (context, value: unknown, test: readonly unknown[]) =>
    select(context, value, test, true),
  ),
  reject: defineWithContext('*test', (context, value: unknown, test: readonly unknown[]) =>
    select(context, value, test, false),
  ),
  selectattr: defineWithContext('*test', (context, value: unknown, test: readonly unknown[]) =>
    selectByAttribute(context, value, test, true),
  ),
  rejectattr: defineWithContext('*test', (context, value: unknown, test: readonly unknown[]) =>
    selectByAttribute(context, value, test, false),
  ),
  attr: define('name', (value: unknown, name: unknown) => itemOf(value, str(name))),
};

/** Nothing, as Jinja2 has it, for None and other values that count as false. */
function each(value: unknown): readonly unknown[] {
  return isTrue(value) ? elements(value) : [];
}

function map(context: Context, value: unknown, filter: readonly unknown[], options: Dict): unknown[] {
  const [name, ...args] = filter;
  if (name !== undefined) {
    const named = new Map(Object.entries(options));
    return own(each(value).map((item) => context.filter(str(name), item, args, named)));
  }
  const { attribute, default: fallback, ...others } = options;
  const other = Object.keys(others)[0];
  if (other !== undefined) throw new TemplateError(`map has no argument '${other}'`);
  if (attribute === undefined) throw new TemplateError('map needs a filter or attribute=');
  return own(each(value).map(attributeGetter(attribute, fallback)));
}

function select(context: Context, value: unknown, test: readonly unknown[], wanted: boolean): unknown[] {
  return own(each(value).filter((item) => holds(context, item, test) === wanted));
}

function selectByAttribute(context: Context, value: unknown, test: readonly unknown[], wanted: boolean): unknown[] {
  const [attribute, ...rest] = test;
  if (attribute === undefined) throw new TemplateError('selectattr and rejectattr need the name of an attribute');
  const get = attributeGetter(attribute);
  return own(each(value).filter((item) => holds(context, get(item), rest) === wanted));
}

function holds(context: Context, item: unknown, test: readonly unknown[]): boolean {
  const [name, ...args] = test;
  return name === undefined ? isTrue(known(item)) : context.test(str(name), item, args);
}
