/**
 * Node comes with compiled code of its own modules, and V8 refuses it once flags have been changed: loaded after that, what each run
 * uses took 8 ms longer.
 */
export function loadOwnModulesOfNode(): void {
  const names = [
    ...['assert', 'child_process', 'crypto', 'dns', 'fs/promises', 'module', 'net', 'path/posix', 'perf_hooks'],
    ...['stream/promises', 'timers/promises', 'tty', 'zlib'],
  ];
  for (const name of names) process.getBuiltinModule(name);
}
