import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Types and validators from the schemas must be there, and be of today, before any test imports them. */
export default function generate(): void {
  execFileSync(process.execPath, [fileURLToPath(new URL('../scripts/generate.mjs', import.meta.url))], {
    stdio: 'inherit',
  });
}
