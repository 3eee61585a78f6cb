import type { SettingLines } from './conf-settings.ts';

type Settings = ReadonlyMap<string, SettingLines>;

/** Switches that are off by default, because they hand a host to whoever may use them (redis.conf of 7.0). */
const doors: Readonly<Record<string, string>> = {
  'enable-debug-command': 'DEBUG',
  'enable-module-command': 'MODULE, which runs code of theirs',
  'enable-protected-configs': 'CONFIG SET of dir and dbfilename, which writes files of theirs',
};

/** What is unsafe about a node with these settings, as clauses without a subject. */
export function unsafeSettings(settings: Settings): string[] {
  const opened = Object.entries(doors).filter(([name]) => word(settings, name) === 'yes');
  return [
    ...(isOpen(settings)
      ? ['lets in everybody who reaches it: it has no password, and protected-mode is off (redis_password)']
      : []),
    ...opened.map(([name, what]) => `allows all its clients ${what} (${name} yes; local: only clients on its host)`),
    ...(savesNothing(settings)
      ? ['saves nothing (appendonly no, save ""): a master that starts again is empty, and empties its replicas']
      : []),
  ];
}

function word(settings: Settings, name: string): string | undefined {
  return settings.get(name)?.[0]?.[0];
}

function isOpen(settings: Settings): boolean {
  return (
    word(settings, 'protected-mode') === 'no' &&
    !word(settings, 'requirepass') &&
    !word(settings, 'aclfile') &&
    !isGuarded(settings.get('user') ?? []) &&
    !takesCertificates(settings) &&
    !isLoopback(settings.get('bind')?.[0] ?? [])
  );
}

/** Whoever does not log in is the user `default`. */
function isGuarded(users: SettingLines): boolean {
  const [, ...rules] = users.find(([name]) => name === 'default') ?? [];
  return !rules.includes('nopass') && rules.some((rule) => rule === 'off' || /^[>#]/.test(rule));
}

/** Clients need a certificate of their own, unless told otherwise. */
function takesCertificates(settings: Settings): boolean {
  const asked = word(settings, 'tls-auth-clients') ?? 'yes';
  return word(settings, 'port') === '0' && settings.has('tls-port') && asked === 'yes';
}

function isLoopback(addresses: readonly string[]): boolean {
  return addresses.length > 0 && addresses.every((address) => /^-?(127\.|::1$)/.test(address));
}

function savesNothing(settings: Settings): boolean {
  const points = settings.get('save');
  const isOff = points?.every((line) => line.every((one) => one === '')) ?? false;
  return isOff && word(settings, 'appendonly') !== 'yes';
}
