import { TaskError } from '../errors/errors.ts';
import { type Edit, editingModule } from './edited-file.ts';
import type { IniFileArgs } from './generated/ini_file.ts';
import { type HostText, linesWithEnds } from './host-text.ts';

/** One line of a section; `text` with its newline. `done`: it is as it shall be. */
interface Line {
  text: string;
  done: boolean;
}

interface Option {
  readonly commented: boolean;
  readonly value: string;
}

function optionIn(line: string, name: string): Option | undefined {
  const [, mark = '', rest = ''] = /^([#;]?)[ \t]*([^\n]*)/.exec(line) ?? [];
  if (!rest.startsWith(name)) return undefined;
  const found = /^[ \t]*(?:=|$)[ \t]*(.*)/.exec(rest.slice(name.length));
  return found === null ? undefined : { commented: mark !== '', value: found[1] ?? '' };
}

/** Where the section's lines are: its heading included; before the first section without a name. */
function sectionOf(lines: readonly string[], section: string): { start: number; end: number } | undefined {
  const start = section === '' ? 0 : lines.findIndex((line) => line.startsWith(`[${section}]`));
  if (start < 0) return undefined;
  const next = lines.findIndex((line, index) => index >= (section === '' ? 0 : start + 1) && line.startsWith('['));
  return { start, end: next < 0 ? lines.length : next };
}

class Section {
  readonly lines: Line[];
  readonly #name: string;
  readonly #args: IniFileArgs;
  msg = 'OK';
  values: string[];

  constructor(lines: readonly string[], name: string, values: readonly string[], args: IniFileArgs) {
    this.lines = lines.map((text) => ({ text, done: false }));
    this.#name = name;
    this.values = [...values];
    this.#args = args;
  }

  entry(value: string | undefined): string {
    if (value === undefined || (value === '' && this.#args.allow_no_value)) return `${this.#name}\n`;
    return this.#args.no_extra_spaces ? `${this.#name}=${value}\n` : `${this.#name} = ${value}\n`;
  }

  #found(line: Line): Option | undefined {
    return line.done ? undefined : optionIn(line.text, this.#name);
  }

  #set(line: Line, text: string): void {
    if (line.text !== text) this.msg = 'option changed';
    line.text = text;
    line.done = true;
  }

  /** Entries that have one of the values already, commented out or not, are kept as that one. */
  keepWanted(): boolean {
    for (const line of this.lines) {
      const found = this.#found(line);
      if (found === undefined) continue;
      if (this.values.includes(found.value)) {
        this.#set(line, this.entry(found.value));
        this.values.splice(this.values.indexOf(found.value), 1);
        if (found.value === '' && this.#args.allow_no_value) return true;
      } else if (this.values.length === 0 && this.#args.allow_no_value) {
        this.#set(line, this.entry(undefined));
        return true;
      }
    }
    return false;
  }

  /** Other entries take the values that are left, and go when there is none. */
  overwriteOthers(): void {
    for (const line of this.lines) {
      if (this.values.length === 0) break;
      if (this.#found(line) !== undefined) this.#set(line, this.entry(this.values.shift()));
    }
    this.#drop((line) => this.#found(line) !== undefined);
  }

  removeEntries(): void {
    const { exclusive } = this.#args;
    this.#drop((line) => {
      const found = this.#found(line);
      if (found === undefined || found.commented) return false;
      return exclusive || this.values.includes(found.value);
    });
  }

  #drop(unwanted: (line: Line) => boolean): void {
    const kept = this.lines.filter((line) => !unwanted(line));
    if (kept.length === this.lines.length) return;
    this.msg = 'option changed';
    this.lines.splice(0, this.lines.length, ...kept);
  }

  /** After the section's last line that says anything. */
  add(entries: readonly string[]): void {
    const last = this.lines.findLastIndex(({ text }) => !/^[ \t]*(?:[#;].*)?\n?$/.test(text));
    if (entries.length === 0) return;
    this.lines.splice(last + 1, 0, ...entries.map((text) => ({ text, done: true })));
    this.msg = 'option added';
  }
}

function edit(content: HostText, args: IniFileArgs): Edit {
  const said = (text: string | undefined) => (text === undefined ? '' : content.said(text));
  const [name, heading] = [said(args.option), said(args.section)];
  const given = args.values ?? (args.value === undefined ? [] : [args.value]);
  const values = [...new Set(given.map(said))];
  if (args.state === 'present' && values.length === 0 && !args.allow_no_value) {
    throw new TaskError("Parameter 'value(s)' must be defined if state=present and allow_no_value=False.");
  }
  if (/[\n\0]/.test([name, heading, ...values].join(''))) {
    throw new TaskError('section, option and value may not hold a newline');
  }
  const text = content.text.replace(/^\uFEFF/, '');
  const lines = linesWithEnds(text === '' ? '\n' : text.endsWith('\n') ? text : `${text}\n`);
  const place = sectionOf(lines, heading);
  if (place === undefined)
    return args.state === 'absent' ? unchanged(content) : appended(content, lines, heading, name, values, args);
  const section = new Section(lines.slice(place.start, place.end), name, values, args);
  if (args.state === 'absent' && name === '') section.lines.splice(0, section.lines.length);
  else if (args.state === 'absent') section.removeEntries();
  else if (name !== '') ensure(section, args);
  const made = [...lines.slice(0, place.start), ...section.lines.map((line) => line.text), ...lines.slice(place.end)];
  const result = made.join('');
  if (result === content.text || (result === '\n' && content.text === '')) return unchanged(content);
  return { text: result, msg: args.state === 'absent' && name === '' ? 'section removed' : section.msg };
}

const unchanged = (content: HostText): Edit => ({ text: content.text, msg: 'OK', leaves: true });

function ensure(section: Section, args: IniFileArgs): void {
  const bare = section.keepWanted();
  if (args.exclusive && !args.allow_no_value) section.overwriteOthers();
  const entries = section.values.map((value) => section.entry(value));
  section.add(
    entries.length === 0 && args.allow_no_value && !bare && args.value === undefined && args.values === undefined
      ? [section.entry(undefined)]
      : entries,
  );
}

function appended(
  content: HostText,
  lines: readonly string[],
  heading: string,
  name: string,
  values: readonly string[],
  args: IniFileArgs,
): Edit {
  const section = new Section([`[${heading}]\n`], name, values, args);
  if (name !== '')
    section.add(values.length > 0 ? values.map((value) => section.entry(value)) : [section.entry(undefined)]);
  const head = content.text === '' ? '\n' : lines.join('');
  const msg = name === '' ? 'only section added' : 'section and option added';
  return { text: head + section.lines.map(({ text }) => text).join(''), msg };
}

export const iniFile = editingModule<IniFileArgs>({ name: 'ini_file', edit, describes: true });
