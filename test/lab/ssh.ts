import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import type { ExecResult, Lab } from '../../src/lab/contract.ts';

/** Run a command on a lab's host (`root@h1`) through the system's own ssh. */
export function ssh(lab: Lab, destination: string, command: string): Promise<ExecResult> {
  return client('ssh', lab, destination, [command]);
}

/** Give commands to the system's own sftp, logged in to a lab's host. */
export function sftp(lab: Lab, destination: string, commands: string): Promise<ExecResult> {
  return client('sftp', lab, destination, [], commands);
}

async function client(program: string, lab: Lab, destination: string, rest: string[], stdin = ''): Promise<ExecResult> {
  const name = destination.slice(destination.indexOf('@') + 1);
  const settings = [
    `HostName=${lab.host(name).address}`,
    `HostKeyAlias=${name}`,
    `UserKnownHostsFile=${lab.knownHostsFile}`,
    'StrictHostKeyChecking=yes',
    'BatchMode=yes',
  ];
  const options = settings.flatMap((setting) => ['-o', setting]);
  const child = spawn(program, ['-F', '/dev/null', '-i', lab.keyFile, ...options, destination, ...rest]);
  const ended = new Promise<number>((resolve, reject) => {
    child.on('error', reject).on('close', (code) => resolve(code ?? 255));
  });
  child.stdin.end(stdin);
  const [rc, stdout, stderr] = await Promise.all([ended, text(child.stdout), text(child.stderr)]);
  return { rc, stdout, stderr };
}
