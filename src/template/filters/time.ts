import { define } from '../functions.ts';
import { numeric, toDouble } from '../numbers.ts';
import { str } from '../python-text.ts';
import { formatTime } from '../time-text.ts';
import { TemplateError } from '../values.ts';

/** Filters on points in time. */
export const timeFilters = {
  strftime: define('second utc', (format: unknown, second?: unknown, utc?: unknown) => {
    const seconds =
      second === undefined || second === null
        ? undefined
        : numeric(typeof second === 'string' ? Number(second) : second);
    if (second !== undefined && second !== null && (seconds === undefined || Number.isNaN(toDouble(seconds)))) {
      throw new TemplateError(`strftime: '${str(second)}' is no number of seconds`);
    }
    return formatTime(
      str(format),
      seconds === undefined ? new Date() : new Date(toDouble(seconds) * 1000),
      utc === true,
    );
  }),
};
