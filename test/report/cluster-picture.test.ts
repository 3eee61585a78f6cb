import { describe, expect, it } from 'vitest';
import { checkLines } from '../../src/report/cluster-check.ts';
import { metricsText } from '../../src/report/cluster-metrics.ts';
import type { ClusterPicture, PicturedNode } from '../../src/report/cluster-picture.ts';
import { tableLines } from '../../src/report/cluster-table.ts';

const hostile = 'h1\u001b[2J"\\\n} 1\nfake 2';
const node: PicturedNode = {
  name: `${hostile}:7000`,
  endpoint: '10.0.0.1:7000',
  id: 'a'.repeat(40),
  zone: hostile,
  role: 'master',
  problem: null,
  slots: '0-16383',
  slot_count: 16384,
  master_id: null,
  replica_of: null,
  link: null,
  lag: null,
  state_ok: true,
  keys: 5,
  memory: 2_500_000,
  max_memory: 0,
  clients: 3,
  uptime: 93_784,
  version: hostile,
};
const picture: ClusterPicture = {
  name: hostile,
  through: hostile,
  time: '2026-01-01T00:00:00.000Z',
  nodes: [node, { ...node, name: 'h2:7000', role: null, problem: hostile, id: null, memory: null, clients: null }],
  agreed: true,
  covered: 16384,
  uncovered: '',
  open: [],
  flaws: [{ version: hostile, nodes: [hostile], ids: ['CVE-2026-0001'], mended: null }],
  flaws_known_until: '2026-06-30',
  findings: [{ code: 'unreachable', message: hostile, nodes: [] }],
};

describe('a picture of a cluster with hostile text in it', () => {
  it.each([
    ['check', () => checkLines(picture)],
    ['table', () => tableLines(picture, false)],
  ])('%s: moves no cursor and adds no line', (_, lines) => {
    for (const line of lines()) {
      expect(line).not.toContain('\u001b');
      expect(line).not.toContain('\n');
    }
  });

  it('metrics: adds no metric', () => {
    const names = metricsText([picture])
      .trimEnd()
      .split('\n')
      .map((line) => line.split(/[ {]/)[0]);
    expect(new Set(names.filter((name) => name !== '#')).size).toBeGreaterThan(5);
    for (const name of names) expect(name).toMatch(/^(#|rcdeploy_cluster_\w+)$/);
  });

  it('table: people read the figures', () => {
    const [, first = '', second = ''] = tableLines(
      {
        ...picture,
        nodes: [
          { ...node, name: 'h1:7000', zone: 'z', version: '7.0.15' },
          { ...node, name: 'h2:7000', role: null, problem: 'gone' },
        ],
      },
      false,
    );
    expect(first.split(/ {2,}/)).toEqual(['h1:7000', 'master', '16384', '5', '2.4M', '3', '7.0.15', '1d2h', 'z']);
    expect(second).toMatch(/^h2:7000 +- +gone$/);
  });
});
