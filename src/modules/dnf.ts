import type { DnfArgs } from './generated/dnf.ts';
import { packageModule } from './package-module.ts';

export const dnf = packageModule<DnfArgs>('dnf', () => 'dnf');
