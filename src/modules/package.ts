import type { PackageArgs } from './generated/package.ts';
import { packageModule } from './package-module.ts';

export const packageAny = packageModule<PackageArgs>('package', (args) => args.use);
