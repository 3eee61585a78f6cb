/**
 * Keywords that no case beside ansible-playbook can show, since they are our own, change no result, or need somebody to type: the
 * file and the title of the test that shows each.
 */
const engine = 'test/engine/keywords.test.ts';
const asked = 'test/cli/asked.lab.ts';
const plays = 'test/engine/plays.test.ts';
const lab = 'test/engine/keywords.lab.ts';

const reaches = 'reaches the task from';
const accepted = 'are accepted where they change nothing';

export const keywordsElsewhere: Readonly<Record<string, readonly [file: string, title: string]>> = {
  'play.batch_by': [plays, 'batch_by: zone never has hosts of two zones in one'],
  'play.max_fail_hosts': [plays, 'max_fail_hosts counts over all batches'],
  'play.max_fail_percentage_ignores_unreachable': [
    engine,
    'max_fail_percentage_ignores_unreachable counts failures only',
  ],
  'play.retry_unreachable': [lab, 'retry_unreachable waits for a host that comes back'],
  'play.become_method': [engine, reaches],
  'play.become_exe': [engine, reaches],
  'play.become_flags': [engine, reaches],
  'play.diff': [engine, reaches],
  'play.collections': [engine, accepted],
  'task.become_method': [engine, reaches],
  'task.become_exe': [engine, reaches],
  'task.become_flags': [engine, reaches],
  'task.connection': [engine, reaches],
  'task.remote_user': [engine, reaches],
  'task.port': [engine, reaches],
  'task.diff': [engine, reaches],
  'task.collections': [engine, accepted],
  'task.delay': [engine, 'delay is waited for between tries'],
  'task.async': [lab, 'async ends a task that takes longer, and waits for one that does not'],
  'task.poll': [lab, 'async ends a task that takes longer, and waits for one that does not'],
  'block.become_method': [engine, reaches],
  'block.become_exe': [engine, reaches],
  'block.become_flags': [engine, reaches],
  'block.connection': [engine, reaches],
  'block.remote_user': [engine, reaches],
  'block.port': [engine, reaches],
  'block.diff': [engine, reaches],
  'block.collections': [engine, accepted],
  'block.name': [engine, accepted],
  'role.become_method': [engine, reaches],
  'role.become_exe': [engine, reaches],
  'role.become_flags': [engine, reaches],
  'role.connection': [engine, reaches],
  'role.remote_user': [engine, reaches],
  'role.port': [engine, reaches],
  'role.diff': [engine, reaches],
  'role.collections': [engine, accepted],
  'loop_control.pause': [plays, 'loop_control.pause waits between items'],
  'vars_prompt.prompt': [asked, 'vars_prompt on a terminal'],
  'vars_prompt.private': [asked, 'vars_prompt on a terminal'],
  'vars_prompt.confirm': [asked, 'vars_prompt on a terminal'],
  'vars_prompt.encrypt': [asked, 'vars_prompt on a terminal'],
  'vars_prompt.salt': [asked, 'vars_prompt on a terminal'],
  'vars_prompt.unsafe': [asked, 'vars_prompt on a terminal'],
  'import_playbook.name': [engine, accepted],
};
