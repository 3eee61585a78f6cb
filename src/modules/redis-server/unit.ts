import { dirname } from 'node:path';
import { type ServerArgs, serverPath } from './server-args.ts';
import type { ServerState } from './server-state.ts';

/**
 * The systemd unit of one node. It is never killed while it saves (no time limit, no SIGKILL), and it comes back by itself
 * only where its data does: an empty master that restarts would empty its replicas.
 */
export function unitText(args: ServerArgs, state: ServerState): string {
  const { conf } = state;
  const directories = [
    dirname(args.config),
    conf.dir,
    conf.logfile && dirname(conf.logfile),
    conf.pidfile && dirname(conf.pidfile),
  ];
  const writable = [...new Set(directories.filter((path): path is string => Boolean(path?.startsWith('/'))))];
  const atHome = [...writable, args.prefix].some((path) => /^\/(home|root)\//.test(path));
  const supervised = state.canNotify ? 'systemd' : 'no';
  return `# Managed by rcdeploy.
[Unit]
Description=Redis node on port ${args.port}
After=network-online.target
Wants=network-online.target

[Service]
Type=${state.canNotify ? 'notify' : 'simple'}
ExecStart=${unitWord(pinnedServer(args, state))} ${unitWord(args.config)} --daemonize no --supervised ${supervised}
${args.user ? `User=${args.user}\n` : ''}${args.group ? `Group=${args.group}\n` : ''}UMask=0077
LimitNOFILE=${args.open_files}
TimeoutStartSec=infinity
TimeoutStopSec=infinity
SendSIGKILL=no
OOMScoreAdjust=-900
Restart=${conf.appendonly === 'yes' ? 'on-failure' : 'no'}
RestartSec=5
NoNewPrivileges=yes
PrivateTmp=yes
PrivateDevices=yes
ProtectSystem=full
${atHome ? '' : 'ProtectHome=yes\n'}ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectControlGroups=yes
RestrictSUIDSGID=yes
RestrictRealtime=yes
LockPersonality=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
CapabilityBoundingSet=
ReadWritePaths=${writable.map((path) => `-${unitWord(path)}`).join(' ')}

[Install]
WantedBy=multi-user.target
`;
}

/** With the version in its path: a process that crashes while another version is being installed comes back as what it was. */
function pinnedServer(args: ServerArgs, { pinned }: ServerState): string {
  return pinned ?? serverPath(args);
}

/** A word of a unit file: quoted where needed, with systemd's specifiers and variables taken literally. */
function unitWord(word: string): string {
  const literal = word.replaceAll('%', '%%').replaceAll('$', '$$$$');
  return /^[\w@%+:,./$-]+$/.test(literal) ? literal : `"${literal.replace(/["\\]/g, '\\$&')}"`;
}
