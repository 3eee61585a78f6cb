import { quote } from '../../sh/quote.ts';
import type { Place, PlaceOption } from './places.ts';

/** A completion script for zsh: to be sourced after `compinit`, or kept as `_rcdeploy` in a directory of `fpath`. */
export function zshScript(places: readonly Place[]): string {
  const paths = places.filter(({ path }) => path.length > 0).map(atOf);
  return `#compdef rcdeploy
# zsh completion for rcdeploy. To use it: source <(rcdeploy completion zsh)
_rcdeploy() {
  local at= index=2
  local -a commands
  while (( index < CURRENT )); do
    case "$at $words[index]" in
      (${paths.map(quote).join('|')}) at="$at $words[index]" ;;
      (*) break ;;
    esac
    (( index++ ))
  done
  # What follows sees the command as the first word.
  words=("\${(@)words[index - 1,-1]}")
  (( CURRENT -= index - 2 ))
  case $at in
${places.map(placeCase).join('\n')}
  esac
}
if [[ $funcstack[1] == _rcdeploy ]]; then _rcdeploy "$@"; else compdef _rcdeploy rcdeploy; fi
`;
}

function placeCase(place: Place): string {
  const commands = place.commands.map(({ name, description }) => quote(`${name}:${escaped(description)}`));
  const first = commands.length === 0 ? [] : ["':command: _describe command commands'"];
  const specs = [...place.options.flatMap(optionSpecs), ...first, ...argumentSpecs(place)];
  const list = commands.length === 0 ? '' : `\n      commands=(${commands.join(' ')})`;
  return `    (${atOf(place) === '' ? "''" : quote(atOf(place))})${list}\n      _arguments -s -S ${specs.join(' ')} ;;`;
}

function argumentSpecs({ words, files }: Place): string[] {
  if (words.length === 0 && !files) return [];
  const known = words.length === 0 ? '' : ` ${quote(`words:word:(${words.join(' ')})`)}`;
  return [quote(`*:argument: _alternative${known}${files ? " 'files:file:_files'" : ''}`)];
}

/** Each form by itself; any of them may be given again. */
function optionSpecs(option: PlaceOption): string[] {
  const { short, long, description, value } = option;
  const tail = `[${escaped(description)}]${actionOf(option)}`;
  const names = [...(short === undefined ? [] : [short]), value === 'none' ? long : `${long}=`];
  return names.map((name) => quote(`*${name}${tail}`));
}

function actionOf({ value, choices }: PlaceOption): string {
  if (value === 'choice') return `:value:(${choices.join(' ')})`;
  return { none: '', file: ':file:_files', other: ':value: ' }[value];
}

function atOf({ path }: Place): string {
  return path.map((word) => ` ${word}`).join('');
}

function escaped(description: string): string {
  return description.replace(/[\\[\]:]/g, '\\$&');
}
