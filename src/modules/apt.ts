import type { AptArgs } from './generated/apt.ts';
import { packageModule } from './package-module.ts';

export const apt = packageModule<AptArgs>('apt', () => 'apt');
