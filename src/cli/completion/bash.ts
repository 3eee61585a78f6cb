import type { Place, PlaceOption } from './places.ts';

/** A completion script for bash, from 3.2 on, that needs no other package. Nothing that was typed is evaluated. */
export function bashScript(places: readonly Place[]): string {
  const paths = places.filter(({ path }) => path.length > 0).map(atOf);
  return `# bash completion for rcdeploy. To use it: source <(rcdeploy completion bash)
_rcdeploy_files() {
  local line
  compopt -o filenames 2>/dev/null
  while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "$1")
}
_rcdeploy() {
  local at= index=1 flags= words= files= word=\${COMP_WORDS[COMP_CWORD]} last=\${COMP_WORDS[COMP_CWORD-1]}
  COMPREPLY=()
  # readline makes three words of --output=json
  if [[ $word == '=' ]]; then word=; elif [[ $last == '=' ]]; then last=\${COMP_WORDS[COMP_CWORD-2]}; fi
  while ((index < COMP_CWORD)); do
    case "$at \${COMP_WORDS[index]}" in
      ${paths.map(quoted).join(' | ')}) at="$at \${COMP_WORDS[index]}" ;;
      *) break ;;
    esac
    index=$((index + 1))
  done
  case "$at $last" in
${places.flatMap(valueCases).join('\n')}
  esac
  case $at in
${places.map(placeCase).join('\n')}
  esac
  if [[ $word == -* ]]; then words=$flags files=; fi
  COMPREPLY=($(compgen -W "$words" -- "$word"))
  if [[ $files ]]; then _rcdeploy_files "$word"; fi
}
complete -F _rcdeploy rcdeploy
`;
}

function placeCase(place: Place): string {
  const flags = place.options.flatMap(({ short, long }) => [short, long]).filter((flag) => flag !== undefined);
  const words = [...place.commands.map(({ name }) => name), ...place.words];
  const files = place.files ? ' files=1' : '';
  return `    ${quoted(atOf(place))}) flags='${flags.join(' ')}' words='${words.join(' ')}'${files} ;;`;
}

/** What may follow an option that takes a value. */
function valueCases(place: Place): string[] {
  const end = (option: PlaceOption): string => {
    if (option.value === 'choice') return `COMPREPLY=($(compgen -W '${option.choices.join(' ')}' -- "$word")); `;
    return option.value === 'file' ? '_rcdeploy_files "$word"; ' : '';
  };
  return place.options
    .filter(({ value }) => value !== 'none')
    .map((option) => {
      const flags = [option.short, option.long].filter((flag) => flag !== undefined);
      return `    ${flags.map((flag) => quoted(`${atOf(place)} ${flag}`)).join(' | ')}) ${end(option)}return ;;`;
    });
}

function atOf({ path }: Place): string {
  return path.map((word) => ` ${word}`).join('');
}

function quoted(text: string): string {
  return `'${text}'`;
}
