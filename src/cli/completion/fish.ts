import type { Place, PlaceOption } from './places.ts';

/** A completion script for fish. */
export function fishScript(places: readonly Place[]): string {
  return `# fish completion for rcdeploy. To use it: rcdeploy completion fish | source
function __rcdeploy_at
    set -l words (commandline -opc)
    set -e words[1]
    set -l last (count $argv)
    test (count $words) -ge $last; and test "$words[1..$last]" = "$argv"
end
function __rcdeploy_exactly
    set -l words (commandline -opc)
    set -e words[1]
    test "$words" = "$argv"
end
complete -c rcdeploy -f
${places.flatMap(linesOf).join('\n')}
`;
}

function linesOf(place: Place): string[] {
  const at = (test: string) => `complete -c rcdeploy -n ${quoted([test, ...place.path].join(' '))}`;
  // What the program itself takes stands before its commands.
  const here = at(place.path.length === 0 ? '__rcdeploy_exactly' : '__rcdeploy_at');
  const words = place.words.length > 0 ? [`${here} -a ${quoted(place.words.join(' '))}`] : [];
  return [
    ...place.commands.map(
      ({ name, description }) => `${at('__rcdeploy_exactly')} -a ${name} -d ${quoted(description)}`,
    ),
    ...place.options.map((option) => `${here}${optionText(option)} -d ${quoted(option.description)}`),
    ...words,
    ...(place.files ? [`${here} -F`] : []),
  ];
}

function optionText({ short, long, value, choices }: PlaceOption): string {
  const names = `${short === undefined ? '' : ` -s ${short.slice(1)}`} -l ${long.slice(2)}`;
  if (value === 'choice') return `${names} -x -a ${quoted(choices.join(' '))}`;
  return { none: names, file: `${names} -r -F`, other: `${names} -x` }[value];
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
