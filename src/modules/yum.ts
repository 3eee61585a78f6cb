import type { YumArgs } from './generated/yum.ts';
import { packageModule } from './package-module.ts';

export const yum = packageModule<YumArgs>('yum', () => 'yum');
