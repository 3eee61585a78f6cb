import { type Document, isMap, isScalar, isSeq, parseDocument, type YAMLMap } from 'yaml';

/** The kinds of maps in playbooks that have keywords of their own, as schemas/playbook.json calls them. */
export const kinds = ['play', 'task', 'block', 'role', 'vars_prompt', 'loop_control', 'import_playbook'] as const;
export type Kind = (typeof kinds)[number];

const listsOfTasks = ['tasks', 'pre_tasks', 'post_tasks', 'handlers', 'block', 'rescue', 'always'];

/** Every map with keywords in a file of plays, tasks or dependencies of roles, and what it has. */
export function keywordsIn(text: string): string[] {
  return keywordMaps(parsed(text)).flatMap(([kind, map]) => keysOf(map).map((keyword) => `${kind}.${keyword}`));
}

/** The same text without a keyword in maps of this kind; undefined where none has it. */
export function withoutKeyword(text: string, kind: Kind, keyword: string): string | undefined {
  const document = parsed(text);
  let found = false;
  for (const [its, map] of keywordMaps(document)) if (its === kind && map.delete(keyword)) found = true;
  return found ? document.toString({ lineWidth: 0 }) : undefined;
}

function parsed(text: string): Document.Parsed {
  return parseDocument(text, { logLevel: 'silent' });
}

function keywordMaps({ contents: root }: Document.Parsed): [Kind, YAMLMap][] {
  if (isMap(root)) return entries(root, 'dependencies').flatMap(ofRole);
  return items(root).flatMap((map): [Kind, YAMLMap][] => {
    if (map.has('import_playbook')) return [['import_playbook', map]];
    return map.has('hosts') ? ofPlay(map) : ofTask(map);
  });
}

function ofPlay(play: YAMLMap): [Kind, YAMLMap][] {
  return [
    ['play', play],
    ...listsOfTasks.flatMap((list) => entries(play, list)).flatMap(ofTask),
    ...entries(play, 'roles').flatMap(ofRole),
    ...entries(play, 'vars_prompt').map((prompt): [Kind, YAMLMap] => ['vars_prompt', prompt]),
  ];
}

function ofRole(role: YAMLMap): [Kind, YAMLMap][] {
  return [['role', role]];
}

function ofTask(task: YAMLMap): [Kind, YAMLMap][] {
  const control = task.get('loop_control', true);
  return [
    [task.has('block') ? 'block' : 'task', task],
    ...(isMap(control) ? [['loop_control', control] as [Kind, YAMLMap]] : []),
    ...['block', 'rescue', 'always'].flatMap((list) => entries(task, list)).flatMap(ofTask),
  ];
}

function entries(map: YAMLMap, key: string): YAMLMap[] {
  return items(map.get(key, true));
}

function items(node: unknown): YAMLMap[] {
  return isSeq(node) ? node.items.filter((item): item is YAMLMap => isMap(item)) : [];
}

function keysOf(map: YAMLMap): string[] {
  return map.items.flatMap(({ key }) => (isScalar(key) ? [String(key.value)] : []));
}
