import { main } from './program.ts';
import { output } from './terminal.ts';

/** The whole program: arguments to an exit status, with all output written. */
export async function start(argv: readonly string[]): Promise<number> {
  const exit = await main(argv);
  await output.flush();
  return exit;
}
