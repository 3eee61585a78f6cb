/** Python's `strftime`, for the directives that playbooks use. Weeks and names are English, as with LC_ALL=C. */
export function formatTime(format: string, when: Date, utc: boolean): string {
  const at = utc ? when : new Date(when.getTime() - when.getTimezoneOffset() * 60_000);
  const pad = (value: number, width = 2) => String(value).padStart(width, '0');
  const day = at.getUTCDay();
  const hour12 = at.getUTCHours() % 12 === 0 ? 12 : at.getUTCHours() % 12;
  const yearDay = Math.floor(
    (Date.UTC(at.getUTCFullYear(), at.getUTCMonth(), at.getUTCDate()) - Date.UTC(at.getUTCFullYear(), 0, 0)) /
      86_400_000,
  );
  const offset = utc ? 0 : -when.getTimezoneOffset();
  const zone = `${offset < 0 ? '-' : '+'}${pad(Math.floor(Math.abs(offset) / 60))}${pad(Math.abs(offset) % 60)}`;
  const directives: Readonly<Record<string, () => string>> = {
    Y: () => pad(at.getUTCFullYear(), 4),
    y: () => pad(at.getUTCFullYear() % 100),
    m: () => pad(at.getUTCMonth() + 1),
    d: () => pad(at.getUTCDate()),
    e: () => String(at.getUTCDate()).padStart(2),
    H: () => pad(at.getUTCHours()),
    I: () => pad(hour12),
    M: () => pad(at.getUTCMinutes()),
    S: () => pad(at.getUTCSeconds()),
    f: () => pad(at.getUTCMilliseconds() * 1000, 6),
    p: () => (at.getUTCHours() < 12 ? 'AM' : 'PM'),
    j: () => pad(yearDay, 3),
    s: () => String(Math.floor(when.getTime() / 1000)),
    a: () => days[day]?.slice(0, 3) ?? '',
    A: () => days[day] ?? '',
    b: () => months[at.getUTCMonth()]?.slice(0, 3) ?? '',
    B: () => months[at.getUTCMonth()] ?? '',
    w: () => String(day),
    u: () => String(day === 0 ? 7 : day),
    z: () => zone,
    Z: () => (utc ? 'UTC' : ''),
    n: () => '\n',
    t: () => '\t',
    '%': () => '%',
  };
  const long = format
    .replaceAll('%F', '%Y-%m-%d')
    .replaceAll('%T', '%H:%M:%S')
    .replaceAll('%D', '%m/%d/%y')
    .replaceAll('%R', '%H:%M')
    .replaceAll('%c', '%a %b %e %H:%M:%S %Y');
  return long.replace(/%(.)/g, (all, directive: string) => directives[directive]?.() ?? all);
}

const days = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const months = 'January February March April May June July August September October November December'.split(' ');

/** `now()`: text in the given format, or as Python prints a datetime. */
export function currentTime(utc: boolean, format = '%Y-%m-%d %H:%M:%S.%f'): string {
  return formatTime(format, new Date(), utc);
}
