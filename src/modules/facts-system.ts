import { exportedVariables } from './exported-names.ts';

type Sections = (name: string) => string[];

const families: Readonly<Record<string, readonly string[]>> = {
  Debian: ['debian', 'ubuntu', 'raspbian', 'linuxmint', 'kali', 'devuan'],
  RedHat: ['rhel', 'centos', 'fedora', 'rocky', 'almalinux', 'ol', 'amzn', 'openeuler', 'anolis', 'scientific'],
  Suse: ['sles', 'opensuse-leap', 'opensuse-tumbleweed', 'suse'],
  Alpine: ['alpine'],
  Archlinux: ['arch', 'manjaro'],
};
const names: Readonly<Record<string, string>> = {
  debian: 'Debian',
  ubuntu: 'Ubuntu',
  rhel: 'RedHat',
  centos: 'CentOS',
  fedora: 'Fedora',
  rocky: 'Rocky',
  almalinux: 'AlmaLinux',
  ol: 'OracleLinux',
  amzn: 'Amazon',
  sles: 'SLES',
  'opensuse-leap': 'openSUSE Leap',
  'opensuse-tumbleweed': 'openSUSE Tumbleweed',
  alpine: 'Alpine',
  arch: 'Archlinux',
  openeuler: 'openEuler',
  raspbian: 'Debian',
  linuxmint: 'Linux Mint',
  kali: 'Kali',
};

function keyed(lines: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    lines
      .filter((line) => line.includes('='))
      .map((line) => [
        line.slice(0, line.indexOf('=')),
        line.slice(line.indexOf('=') + 1).replace(/^(["'])(.*)\1$/, '$2'),
      ]),
  );
}

export function distributionFacts(section: Sections): Record<string, unknown> {
  const os = keyed(section('os'));
  const id = os.ID ?? '';
  const like = [id, ...(os.ID_LIKE ?? '').split(' ')];
  const family =
    Object.entries(families).find(([, ids]) => like.some((one) => ids.includes(one)))?.[0] ?? os.NAME ?? 'NA';
  const debian = section('debian')[0] ?? '';
  const redhat = /release ([\d.]+)/.exec(section('redhat')[0] ?? '')?.[1];
  const version = (id === 'debian' && /^\d+(?:\.\d+)*$/.test(debian) ? debian : (redhat ?? os.VERSION_ID)) ?? debian;
  const codename = os.VERSION_CODENAME ?? /\((.*)\)/.exec(os.VERSION ?? '')?.[1] ?? 'NA';
  return {
    distribution: names[id] ?? os.NAME ?? 'NA',
    distribution_version: version,
    distribution_major_version: version.split('.')[0] ?? version,
    distribution_minor_version: version.split('.')[1] ?? 'NA',
    distribution_release: codename,
    os_family: family,
    lsb: {},
  };
}

export function systemFacts(section: Sections): Record<string, unknown> {
  // uname prints its fields in a fixed order: system, node, release, version (which holds blanks), machine.
  const uname = (section('uname')[0] ?? '').split(' ');
  const nodename = uname[1] ?? '';
  const machine = uname.at(-1) ?? '';
  const fqdn = section('fqdn')[0] ?? nodename;
  const selinux = section('selinux');
  const user = section('passwd')[0]?.split(':') ?? [];
  const [uid, gid] = ['Uid:', 'Gid:'].map((key) => Number(keyedWords(section('user'), key)[0]));
  return {
    system: uname[0] ?? '',
    nodename,
    hostname: nodename.split('.')[0] ?? '',
    fqdn,
    domain: fqdn.includes('.') ? fqdn.slice(fqdn.indexOf('.') + 1) : '',
    kernel: uname[2] ?? '',
    kernel_version: uname.slice(3, -1).join(' '),
    machine,
    architecture: /^i[3-6]86$/.test(machine) ? 'i386' : machine,
    userspace_bits: /64|s390x/.test(machine) ? '64' : '32',
    machine_id: section('machineid')[0] ?? '',
    pkg_mgr: { 'apt-get': 'apt' }[section('pkg')[0] ?? ''] ?? section('pkg')[0] ?? 'unknown',
    service_mgr: section('service')[0] ?? 'service',
    selinux: selinuxFacts(selinux),
    selinux_python_present: false,
    user_id: user[0] ?? '',
    user_uid: uid,
    user_gid: gid,
    user_gecos: user[4] ?? '',
    user_dir: user[5] ?? '',
    user_shell: user[6] ?? '',
    effective_user_id: uid,
    effective_group_id: gid,
    cmdline: keyed((section('cmdline')[0] ?? '').split(' ')),
    env: exportedVariables(section('env')[0] ?? ''),
    date_time: dateFacts(section('date')),
  };
}

/** The words behind the one that begins a line. */
function keyedWords(lines: readonly string[], key: string): string[] {
  const [, ...words] = lines.find((line) => line.startsWith(`${key} `))?.split(' ') ?? [];
  return words;
}

function selinuxFacts(lines: readonly string[]): Record<string, unknown> {
  const enforce = lines[0];
  if (enforce !== '0' && enforce !== '1') return { status: 'disabled' };
  const config = keyed(lines);
  return {
    status: 'enabled',
    mode: enforce === '1' ? 'enforcing' : 'permissive',
    config_mode: config.SELINUX ?? 'unknown',
    type: config.SELINUXTYPE ?? 'unknown',
  };
}

function dateFacts(lines: readonly string[]): Record<string, string> {
  const [
    year = '',
    month = '',
    day = '',
    hour = '',
    minute = '',
    second = '',
    epoch = '',
    tz = '',
    tz_offset = '',
    weekday_number = '',
  ] = (lines[0] ?? '').split(' ');
  const time = `${hour}:${minute}:${second}`;
  const date = `${year}-${month}-${day}`;
  return {
    year,
    month,
    day,
    hour,
    minute,
    second,
    epoch,
    epoch_int: epoch,
    date,
    time,
    tz,
    tz_offset,
    weekday_number,
    iso8601: epoch === '' ? '' : new Date(Number(epoch) * 1000).toISOString().replace('.000', ''),
  };
}

export function hardwareFacts(section: Sections): Record<string, unknown> {
  const memory = Object.fromEntries(
    section('meminfo').map((line) => [line.split(':')[0] ?? '', Number(/(\d+) kB/.exec(line)?.[1] ?? 0)]),
  );
  const mb = (key: string) => Math.floor((memory[key] ?? 0) / 1024);
  const cpu = section('cpu');
  const threads = cpu.filter((line) => line.startsWith('processor')).length;
  const packages = new Set(cpu.filter((line) => line.startsWith('physical id')).map((line) => line.split(':')[1])).size;
  const cores = Number(cpu.find((line) => line.startsWith('cpu cores'))?.split(':')[1] ?? 1);
  const count = threads || Number(section('cpus')[0] ?? 1);
  const sockets = packages || count;
  return {
    memtotal_mb: mb('MemTotal'),
    memfree_mb: mb('MemFree'),
    swaptotal_mb: mb('SwapTotal'),
    swapfree_mb: mb('SwapFree'),
    memory_mb: {
      real: { total: mb('MemTotal'), free: mb('MemFree'), used: mb('MemTotal') - mb('MemFree') },
      swap: {
        total: mb('SwapTotal'),
        free: mb('SwapFree'),
        used: mb('SwapTotal') - mb('SwapFree'),
        cached: mb('SwapCached'),
      },
      nocache: {
        free: mb('MemFree') + mb('Cached') + mb('Buffers'),
        used: mb('MemTotal') - mb('MemFree') - mb('Cached') - mb('Buffers'),
      },
    },
    processor_count: sockets,
    processor_cores: cores,
    processor_threads_per_core: packages === 0 ? 1 : Math.max(1, Math.round(count / (packages * cores))),
    processor_vcpus: count,
    processor_nproc: Number(section('cpus')[1] ?? count),
    processor: cpu
      .filter((line) => /^(?:processor|vendor_id|model name)/.test(line))
      .map((line) => line.slice(line.indexOf(':') + 1).trim()),
    loadavg: loadFacts(section('loadavg')),
    uptime_seconds: Math.floor(Number((section('uptime')[0] ?? '0').split(' ')[0])),
    mounts: mountFacts(section),
    ...dmiFacts(keyed(section('virtual'))),
  };
}

function loadFacts(lines: readonly string[]): Record<string, number> {
  const [one, five, fifteen] = (lines[0] ?? '').split(' ').map(Number);
  return { '1m': one ?? 0, '5m': five ?? 0, '15m': fifteen ?? 0 };
}

function dmiFacts(dmi: Readonly<Record<string, string>>): Record<string, string> {
  const value = (key: string) => dmi[`dmi_${key}`] || 'NA';
  return {
    system_vendor: value('sys_vendor'),
    product_name: value('product_name'),
    product_version: value('product_version'),
    product_serial: value('product_serial'),
    product_uuid: value('product_uuid'),
    bios_version: value('bios_version'),
    bios_date: value('bios_date'),
  };
}

function mountFacts(section: Sections): unknown[] {
  const table = (name: string) =>
    new Map(
      section(name)
        .slice(1)
        .map((line) => line.trim().split(/\s+/))
        .map((fields) => [fields.slice(5).join(' '), fields]),
    );
  const [blocks, inodes] = [table('df'), table('inodes')];
  return section('mounts').flatMap((line) => {
    const [device = '', mount = '', fstype = '', options = ''] = line
      .split(' ')
      .map((field) =>
        field.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8))),
      );
    if (!device.startsWith('/') && !device.includes(':/') && fstype !== 'overlay' && fstype !== 'zfs') return [];
    const [block, inode] = [blocks.get(mount), inodes.get(mount)];
    const sizes =
      block === undefined ? {} : { size_total: Number(block[1]) * 1024, size_available: Number(block[3]) * 1024 };
    const files =
      inode === undefined
        ? {}
        : { inode_total: Number(inode[1]), inode_used: Number(inode[2]), inode_available: Number(inode[3]) };
    return [{ device, mount, fstype, options, ...sizes, ...files }];
  });
}

export function virtualFacts(section: Sections): Record<string, unknown> {
  const lines = section('virtual');
  const found = keyed(lines);
  const container = lines.includes('docker') ? 'docker' : lines.includes('podman') ? 'podman' : found.container;
  const detected = found.detect;
  const isContainer =
    container !== undefined ||
    ['docker', 'podman', 'lxc', 'lxc-libvirt', 'systemd-nspawn', 'openvz', 'container-other'].includes(detected ?? '');
  const machine =
    detected !== undefined && detected !== '' && detected !== 'none'
      ? detected
      : lines.includes('hypervisor')
        ? vendorOf(found)
        : undefined;
  const type = container || machine;
  return {
    virtualization_type: type ?? 'NA',
    virtualization_role: type === undefined ? 'NA' : 'guest',
    virtualization_tech_guest: [
      ...new Set([...(isContainer ? ['container'] : []), ...(type === undefined ? [] : [type])]),
    ],
    virtualization_tech_host: [],
  };
}

function vendorOf(dmi: Readonly<Record<string, string>>): string {
  const text = `${dmi.dmi_sys_vendor} ${dmi.dmi_product_name}`;
  if (/VMware/i.test(text)) return 'VMware';
  if (/VirtualBox|innotek/i.test(text)) return 'virtualbox';
  if (/Microsoft/i.test(text)) return 'VirtualPC';
  if (/Xen/i.test(text)) return 'xen';
  return 'kvm';
}
