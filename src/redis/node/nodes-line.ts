import { canonicalAddress } from '../../template/address.ts';
import { mergeRanges, type SlotRange } from '../slots/slots.ts';

/** One line of CLUSTER NODES: what the asked node believes of a member. */
export interface MemberLine {
  readonly id: string;
  /** Empty while the node does not know its own address. */
  readonly address: string;
  readonly port: number;
  /** 0 when the server (3.x) does not say. */
  readonly busPort: number;
  readonly hostname: string | undefined;
  /** Auxiliary fields of 7.2 and later (`shard-id`, `tls-port`…). */
  readonly aux: Readonly<Record<string, string>>;
  readonly flags: ReadonlySet<string>;
  readonly masterId: string | undefined;
  readonly configEpoch: number;
  readonly connected: boolean;
  readonly slots: readonly SlotRange[];
  /** Open slots, only on the line of the asked node itself: slot to the other node's id. */
  readonly migrating: ReadonlyMap<number, string>;
  readonly importing: ReadonlyMap<number, string>;
}

/** Parses the reply of CLUSTER NODES, 3.0 to 8.x and Valkey. Throws an Error naming the line that makes no sense. */
export function parseNodes(text: string): MemberLine[] {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map(parseLine);
}

function parseLine(line: string): MemberLine {
  const [id, place, flags, master, , , epoch, link, ...slotWords] = line.trim().split(' ');
  if (!id || place === undefined || flags === undefined || epoch === undefined || link === undefined) {
    throw new Error(`this line of CLUSTER NODES cannot be read: ${line}`);
  }
  return {
    id,
    ...parsePlace(place, line),
    flags: new Set(flags.split(',')),
    masterId: master === undefined || master === '-' ? undefined : master,
    configEpoch: Number(epoch),
    connected: link === 'connected',
    ...parseSlots(slotWords),
  };
}

const PLACE = /^(?<address>.*):(?<port>\d+)(?:@(?<bus>\d+))?$/;

/** `ip:port`, `ip:port@bus`, `ip:port@bus,hostname`, `ip:port@bus,,key=value,key=value`; an IPv6 address has no brackets. One that
 * is announced is repeated as its configuration has it. */
function parsePlace(text: string, line: string): Pick<MemberLine, 'address' | 'port' | 'busPort' | 'hostname' | 'aux'> {
  const [endpoint = '', hostname, ...fields] = text.split(',');
  const groups = PLACE.exec(endpoint)?.groups;
  if (!groups) throw new Error(`this address in CLUSTER NODES cannot be read: ${line}`);
  const aux: Record<string, string> = {};
  for (const field of fields) {
    const at = field.indexOf('=');
    if (at > 0) aux[field.slice(0, at)] = field.slice(at + 1);
  }
  return {
    address: canonicalAddress(groups.address ?? ''),
    port: Number(groups.port),
    busPort: Number(groups.bus ?? 0),
    hostname: hostname || undefined,
    aux,
  };
}

/** `5`, `0-5460`, and for open slots `[93->-id]` (migrating to) and `[77-<-id]` (importing from). */
function parseSlots(words: readonly string[]): Pick<MemberLine, 'slots' | 'migrating' | 'importing'> {
  const slots: SlotRange[] = [];
  const migrating = new Map<number, string>();
  const importing = new Map<number, string>();
  for (const word of words) {
    const open = /^\[(\d+)-([<>])-(\w+)\]$/.exec(word);
    if (open) (open[2] === '>' ? migrating : importing).set(Number(open[1]), open[3] ?? '');
    const range = /^(\d+)(?:-(\d+))?$/.exec(word);
    if (range) slots.push([Number(range[1]), Number(range[2] ?? range[1])]);
  }
  return { slots: mergeRanges(slots), migrating, importing };
}
