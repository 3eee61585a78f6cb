import { describe, expect, it } from 'vitest';
import { read } from '../playbook/files.ts';
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
      a_tls:
        type: dict
        options: {cert: {}, key: {}, pem: {aliases: [bundle]}, mode: {default: off}, ca: {}, dir: {}}
        mutually_exclusive: [[cert, pem]]
        required_together: [[cert, key]]
        required_one_of: [[cert, pem, ca]]
        required_if: [[mode, strict, [ca, dir], true], [mode, full, [ca, dir]]]
        required_by: {dir: ca}
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
    [
      'entries that exclude each other, under an alias too',
      'a_port: 1, a_tls: {cert: a, key: b, bundle: c}',
      ['parameters are mutually exclusive: cert|pem found in a_tls'],
    ],
    [
      'entries that need each other',
      'a_port: 1, a_tls: {cert: a}',
      ['parameters are required together: cert, key found in a_tls'],
    ],
    [
      'entries of which one must be there',
      'a_port: 1, a_tls: {}',
      ['one of the following is required: cert, pem, ca found in a_tls'],
    ],
    ['entries that go together', 'a_port: 1, a_tls: {cert: a, key: b, mode: strict, ca: c}', passes],
    [
      'entries that a value needs one of',
      'a_port: 1, a_tls: {pem: a, mode: strict}',
      ['mode is strict but any of the following are missing: ca, dir found in a_tls'],
    ],
    [
      'entries that a value needs',
      'a_port: 1, a_tls: {ca: a, mode: full}',
      ['mode is full but all of the following are missing: dir found in a_tls'],
    ],
    [
      'an entry that needs another',
      'a_port: 1, a_tls: {pem: a, dir: b}',
      ["missing parameter(s) required by 'dir': ca found in a_tls"],
    ],
    ['a secret', 'a_port: 1, a_secret: hunter2', ["argument 'a_secret' must be a whole number"]],
  ])('%s', async (_what, vars, expected) => {
    expect(await verdict(`{name: a}\n      vars: {${vars}}`)).toEqual(expected);
  });

  it('belongs to the file of tasks that is asked for, and may stand in meta/main.yml', async () => {
    expect(await verdict('{name: a, tasks_from: other}')).toEqual(['missing required arguments: b_flag']);
    expect(await verdict('{name: b}')).toEqual(['missing required arguments: x']);
  });

  it('is told of with its place where a relation is no such, or stands where none is looked at', () => {
    const text = `argument_specs:
  main:
    required_one_of: [[x, y]]
    options:
      x: {type: dict, options: {a: {}}, mutually_exclusive: [a, b]}
      y: {type: list, elements: dict, options: {z: {type: dict, options: {}, required_if: [[a, 1]], required_by: [a]}}}
`;
    const beside = { 'roles/r/meta/argument_specs.yml': text, 'roles/r/tasks/main.yml': '- debug:\n' };
    const { diagnostics } = read('- hosts: all\n  roles: [r]\n', beside);
    expect(diagnostics.map(({ severity, span }) => `${severity} ${span?.line}:${span?.column}`)).toEqual([
      'warning 3:5',
      'error 5:61',
      'error 6:91',
      'error 6:114',
    ]);
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
