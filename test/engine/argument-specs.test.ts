import { describe, expect, it } from 'vitest';
import { flow } from './flow.ts';

const spec = `argument_specs:
  main:
    short_description: The role
    options:
      a_port: {type: int, required: true, description: "braces {{ mean nothing }} here"}
      a_mode: {type: str, choices: [one, two], default: one}
      a_list: {type: list, elements: int}
      a_map: {type: dict, options: {x: {type: int, required: true}, y: {type: bool}}}
      a_secret: {type: int, no_log: true}
      a_new: {type: str, aliases: [a_old], choices: [z]}
  other:
    options: {b_flag: {type: bool, required: true}}
`;
const files = {
  'roles/a/meta/argument_specs.yml': spec,
  'roles/a/tasks/main.yml': '- {name: own, debug: {msg: ran}}\n',
  'roles/a/tasks/other.yml': '- {name: own, debug: {msg: ran}}\n',
  'roles/b/meta/main.yml': 'argument_specs: {main: {options: {x: {type: list, required: true}}}}\n',
  'roles/b/tasks/main.yml': '- {name: own, debug: {msg: ran}}\n',
};

/** What the only role says of its variables: `passes`, or its mistakes. */
async function verdict(role: string): Promise<unknown> {
  const { results } = await flow(`- hosts: h1\n  gather_facts: false\n  tasks:\n    - import_role: ${role}\n`, files);
  const [first, second] = results;
  if (first?.status !== 'failed') return [first?.result.msg, second?.result.msg];
  return first.result.argument_errors;
}

const passes = ['The arg spec validation passed', 'ran'];

describe("a role's argument specification", () => {
  it.each<[string, string, unknown]>([
    ['all well', 'a_port: 5, a_map: {x: 1, y: yes}, a_list: [1, "2"]', passes],
    ['what can be converted', 'a_port: " 5", a_list: "1,2"', passes],
    ['missing', 'a_mode: one', ['missing required arguments: a_port']],
    ['a wrong type', 'a_port: abc', ['argument \'a_port\' must be a whole number, not "abc"']],
    ['a wrong element', 'a_port: 1, a_list: [1, x]', ['an element of \'a_list\' must be a whole number, not "x"']],
    ['a wrong choice', 'a_port: 1, a_mode: three', ['value of a_mode must be one of: one, two, got: three']],
    ['an alias', 'a_port: 1, a_old: y', ['value of a_new must be one of: z, got: y']],
    [
      'a map inside',
      'a_port: 1, a_map: {y: maybe, z: 1}',
      [
        'missing required arguments: x found in a_map',
        'argument \'y\' found in a_map must be a boolean, not "maybe"',
        'a_map.z. Supported parameters include: x, y.',
      ],
    ],
    ['a secret', 'a_port: 1, a_secret: hunter2', ["argument 'a_secret' must be a whole number"]],
  ])('%s', async (_what, vars, expected) => {
    expect(await verdict(`{name: a}\n      vars: {${vars}}`)).toEqual(expected);
  });

  it('belongs to the file of tasks that is asked for, and may stand in meta/main.yml', async () => {
    expect(await verdict('{name: a, tasks_from: other}')).toEqual(['missing required arguments: b_flag']);
    expect(await verdict('{name: b}')).toEqual(['missing required arguments: x']);
  });

  it('is passed over with rolespec_validate: false', async () => {
    expect(await verdict('{name: a, rolespec_validate: false}')).toEqual(['ran', undefined]);
  });

  it('runs whatever tags are chosen', async () => {
    const { results } = await flow('- hosts: h1\n  gather_facts: false\n  roles: [a]\n', files, { tags: ['none'] });
    expect(results.map(({ task, status }) => `${task} ${status}`)).toEqual([
      "a : Validating arguments against arg spec 'main' - The role failed",
    ]);
  });
});
