import { Command, Option } from 'commander';
import { columnLines } from '../report/columns.ts';
import { sanitizeLine, terminalSafeJson } from '../report/sanitize.ts';
import { type UnreadSetting, unreadSettings } from './config/ansible-config.ts';
import { type OwnSetting, ownSettings } from './config/own-settings.ts';
import { mask, output } from './terminal.ts';

/** `rcdeploy config`: what runs from here go by, and what of Ansible's configuration they do not. */
export function configCommand(): Command {
  return new Command('config')
    .description("show what runs from here go by, and what stands in for Ansible's own configuration")
    .addOption(new Option('--output <form>', 'what to write').choices(['plain', 'json']).default('plain'))
    .action(({ output: form }: { readonly output: 'plain' | 'json' }) => {
      const [own, unread] = [ownSettings(), unreadSettings(process.env)];
      if (form === 'json') output.rawLine(terminalSafeJson(JSON.stringify(mask.value({ settings: own, unread }))));
      else for (const line of lines(own, unread)) output.line(line);
    });
}

function lines(own: readonly OwnSetting[], unread: readonly UnreadSetting[]): string[] {
  const table = columnLines(own.map(({ name, value, by }) => [name, value, by].map(sanitizeLine)));
  if (unread.length === 0) return table;
  const rows = unread.map(({ setting, from, instead }) => [setting, from, instead].map(sanitizeLine));
  return [...table, '', "Ansible's own configuration is not read. Instead:", ...columnLines(rows)];
}
