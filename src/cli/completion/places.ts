import type { Command, Option } from 'commander';

/** What may be typed after a command: the command line as far as it can be completed. */
export interface Place {
  /** The command's words: `[]` for the program itself, `['cluster', 'status']`. */
  readonly path: readonly string[];
  readonly commands: readonly { readonly name: string; readonly description: string }[];
  readonly options: readonly PlaceOption[];
  /** Words that may stand as arguments, besides files. */
  readonly words: readonly string[];
  readonly files: boolean;
}

export interface PlaceOption {
  readonly short: string | undefined;
  readonly long: string;
  readonly description: string;
  /** `none`: a switch; `other`: something that cannot be guessed. */
  readonly value: 'none' | 'choice' | 'file' | 'other';
  readonly choices: readonly string[];
}

/** Words that commands take as arguments, by their path. */
export type KnownWords = Readonly<Record<string, readonly string[]>>;

/** The program's commands and all below them. What is hidden from help is no word to offer. */
export function placesOf(program: Command, known: KnownWords, path: readonly string[] = []): Place[] {
  const below = program.commands.flatMap((command) => placesOf(command, known, [...path, command.name()]));
  const args = program.registeredArguments;
  const place: Place = {
    path,
    commands: program.commands.map((command) => ({ name: command.name(), description: command.description() })),
    options: [...program.options.filter(({ hidden }) => !hidden).map(placeOption), help],
    words: known[path.join(' ')] ?? args.flatMap(({ argChoices }) => argChoices ?? []),
    files: args.some((argument) => namesFile(argument.name())),
  };
  return [place, ...below];
}

const help: PlaceOption = {
  short: '-h',
  long: '--help',
  description: 'display help for command',
  value: 'none',
  choices: [],
};

function placeOption(option: Option): PlaceOption {
  const { short, long, flags, description, argChoices = [] } = option;
  const takesValue = option.required || option.optional;
  const value = !takesValue ? 'none' : argChoices.length > 0 ? 'choice' : namesFile(flags) ? 'file' : 'other';
  return { short, long: long ?? '', description, value, choices: argChoices };
}

/** Extra variables may be `@file`, an inventory may be a directory. */
function namesFile(placeholder: string): boolean {
  return /file|source|directory|vars>|playbook/.test(placeholder);
}
