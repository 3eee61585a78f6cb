/** One entry of an archive; directories are made by whoever unpacks it. */
export interface TarEntry {
  /** Relative, without `..`. */
  readonly path: string;
  readonly bits: number;
  readonly uid: number;
  readonly gid: number;
  /** Seconds since 1970. */
  readonly mtime: number;
  /** Content of a file, or target of a symbolic link. */
  readonly content: Buffer | { readonly target: string };
}

const blockSize = 512;

/** A tar archive that GNU's and BusyBox's tar read: POSIX headers, with GNU's entries for what is too long for them. */
export function tarOf(entries: readonly TarEntry[]): Buffer {
  const parts = entries.flatMap((entry) => {
    const { content, ...about } = entry;
    if (!Buffer.isBuffer(content)) return entryBlocks({ ...about, type: '2', link: content.target }, Buffer.alloc(0));
    return entryBlocks({ ...about, type: '0', link: '' }, content);
  });
  return Buffer.concat([...parts, Buffer.alloc(2 * blockSize)]);
}

interface Header extends Omit<TarEntry, 'content'> {
  readonly type: string;
  readonly link: string;
}

function entryBlocks(header: Header, content: Buffer): Buffer[] {
  const long = [
    ...(Buffer.byteLength(header.link) > 100 ? longName('K', header.link) : []),
    ...(Buffer.byteLength(header.path) > 100 ? longName('L', header.path) : []),
  ];
  return [...long, headerBlock(header, content.length), content, padding(content.length)];
}

/** GNU's entry whose content is the path, or link target, of the next one. */
function longName(type: string, name: string): Buffer[] {
  const content = Buffer.from(`${name}\0`);
  const header = { path: '././@LongLink', bits: 0o644, uid: 0, gid: 0, mtime: 0, type, link: '' };
  return [headerBlock(header, content.length), content, padding(content.length)];
}

function headerBlock({ path, bits, uid, gid, mtime, type, link }: Header, size: number): Buffer {
  const block = Buffer.alloc(blockSize);
  Buffer.from(path).copy(block, 0, 0, 100);
  number(block, 100, 8, bits);
  number(block, 108, 8, uid);
  number(block, 116, 8, gid);
  number(block, 124, 12, size);
  number(block, 136, 12, Math.max(0, mtime));
  block.write('        ', 148);
  block.write(type, 156);
  Buffer.from(link).copy(block, 157, 0, 100);
  block.write('ustar  \0', 257);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

/** Octal digits, or GNU's big-endian binary for what needs more of them than there is room for. */
function number(block: Buffer, offset: number, length: number, value: number): void {
  const digits = value.toString(8);
  if (digits.length < length) {
    block.write(`${digits.padStart(length - 1, '0')}\0`, offset);
    return;
  }
  block.writeUInt8(0x80, offset);
  block.writeUIntBE(value, offset + length - 6, 6);
}

function padding(size: number): Buffer {
  return Buffer.alloc((blockSize - (size % blockSize)) % blockSize);
}
