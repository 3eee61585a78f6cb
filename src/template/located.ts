import { TemplateError } from './values.ts';

/** The error with its place in the template's text, unless it already has one. */
export function located(error: unknown, offset: number): unknown {
  if (!(error instanceof TemplateError) || error.offset !== undefined) return error;
  return new TemplateError(error.message, offset);
}

/** Work on what stands at the offset: its errors have that place. */
export function locate<T>(work: () => T, offset: number): T {
  try {
    return work();
  } catch (error) {
    throw located(error, offset);
  }
}
