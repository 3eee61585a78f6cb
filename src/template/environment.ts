type Variables = Readonly<Record<string, string | undefined>>;

let variables: Variables = {};

/** Called once by the command line: the environment that `lookup('env', …)`, `expanduser` and `pipe` see. */
export function setEnvironment(given: Variables): void {
  variables = given;
}

export function environment(name: string): string | undefined {
  return Object.hasOwn(variables, name) ? variables[name] : undefined;
}

export function wholeEnvironment(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(variables).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}
