import type { Status } from './contract.ts';

/** Few colours, always beside a word that says the same: output reads alike without them. */
export interface Palette {
  bold(text: string): string;
  dim(text: string): string;
  good(text: string): string;
  change(text: string): string;
  bad(text: string): string;
  status(status: Status, text: string): string;
}

export function createPalette(colour: boolean): Palette {
  const paint = (code: string) => (text: string) => (colour && text !== '' ? `\u001b[${code}m${text}\u001b[0m` : text);
  const [bold, dim, good, change, bad] = ['1', '2', '32', '33', '31'].map(paint) as [Paint, Paint, Paint, Paint, Paint];
  const byStatus: Record<Status, Paint> = {
    ok: good,
    changed: change,
    skipped: dim,
    failed: bad,
    unreachable: bad,
    ignored: change,
    rescued: change,
  };
  return { bold, dim, good, change, bad, status: (status, text) => byStatus[status](text) };
}

type Paint = (text: string) => string;
