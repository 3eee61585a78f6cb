#!/usr/bin/env node
import { main } from './program.ts';
import { output } from './terminal.ts';

const exit = await main(process.argv.slice(2));
await output.flush();
process.exit(exit);
