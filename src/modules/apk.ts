import type { ApkArgs } from './generated/apk.ts';
import { packageModule } from './package-module.ts';

export const apk = packageModule<ApkArgs>('apk', () => 'apk');
