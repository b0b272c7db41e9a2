/** An entry of a layer with the headers to write. Strings hold a byte in each character. */
export interface TarItem {
  readonly name: string;
  /** The header's type: "0" a file, "1" a hard link, "2" a symbolic link, ... */
  readonly type: string;
  readonly link?: string;
  readonly content?: Buffer;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly mtime?: number;
  readonly major?: number;
  readonly minor?: number;
  readonly xattrs?: Readonly<Record<string, Buffer>>;
  /** Form of names of more than 100 bytes. */
  readonly longNames?: 'pax' | 'gnu';
  /** Form of numbers that exceed the octal digits. */
  readonly numbers?: 'pax' | 'base-256';
  /** Form of a sparse file. */
  readonly sparse?: 'gnu' | '0.0' | '0.1' | '1.0';
}

type Records = [key: string, value: string | Buffer][];

const record = 512;
/** Zeros of at least this length, and so aligned, are the holes of sparse files. */
export const hole = 4096;

/** Writes a layer by the standards alone: POSIX.1-2001 pax and ustar, GNU tar manual "Sparse Formats". */
export function tarOf(items: readonly TarItem[]): Buffer {
  return Buffer.concat([...items.flatMap(bytesOf), Buffer.alloc(2 * record)]);
}

function bytesOf(item: TarItem): Buffer[] {
  const { name, link = '', content = Buffer.alloc(0), sparse, longNames, xattrs = {} } = item;
  const before: Buffer[] = [];
  const records: Records = Object.entries(xattrs).map(([key, value]) => [`SCHILY.xattr.${key}`, value]);
  for (const [text, key, type] of [
    [name, 'path', 'L'],
    [link, 'linkpath', 'K'],
  ] as const) {
    if (text.length > 100 && longNames === 'gnu') {
      const data = Buffer.from(`${text}\0`, 'latin1');
      before.push(header({ name: '././@LongLink', type }, data.length), padded(data));
    } else if (text.length > 100) {
      records.push([key, Buffer.from(text, 'latin1')]);
    }
  }
  if (item.numbers === 'pax') {
    const { uid = 0, gid = 0, mtime = 0 } = item;
    records.push(
      ...Object.entries({ uid, gid, mtime }).map(([key, n]): [string, string] => [key, String(n)]),
    );
  }
  const runs = sparse === undefined ? [] : runsOf(content);
  let data =
    sparse === undefined
      ? content
      : Buffer.concat(runs.map(([at, length]) => content.subarray(at, at + length)));
  const stored = data.length;
  if (sparse === '0.0' || sparse === '0.1') {
    records.push(['GNU.sparse.size', String(content.length)], ['GNU.sparse.numblocks', String(runs.length)]);
    records.push(
      ...(sparse === '0.1'
        ? ([
            ['GNU.sparse.name', name],
            ['GNU.sparse.map', runs.flat().join(',')],
          ] as Records)
        : runs.flatMap(([at, length]): Records => [
            ['GNU.sparse.offset', String(at)],
            ['GNU.sparse.numbytes', String(length)],
          ])),
    );
  } else if (sparse === '1.0') {
    const map = Buffer.from([runs.length, ...runs.flat()].map((number) => `${number}\n`).join(''));
    records.push(['GNU.sparse.major', '1'], ['GNU.sparse.minor', '0'], ['GNU.sparse.name', name]);
    records.push(['GNU.sparse.realsize', String(content.length)]);
    data = Buffer.concat([padded(map), data]);
  }
  if (records.length > 0) {
    const pax = Buffer.concat(records.map(([key, value]) => paxRecord(key, value)));
    before.push(header({ name: 'PaxHeaders/x', type: 'x' }, pax.length), padded(pax));
  }
  const main = sparse === 'gnu' ? oldSparse(item, stored, runs, content.length) : [header(item, data.length)];
  return [...before, ...main, padded(data)];
}

/** Lists the content ranges, with an empty one at the end if the file ends with a hole. */
function runsOf(content: Buffer): [number, number][] {
  const runs: [number, number][] = [];
  for (let at = 0; at < content.length; at += hole) {
    const block = content.subarray(at, at + hole);
    const last = runs.at(-1);
    if (block.every((byte) => byte === 0)) {
      continue;
    }
    if (last !== undefined && last[0] + last[1] === at) {
      last[1] += block.length;
    } else {
      runs.push([at, block.length]);
    }
  }
  const last = runs.at(-1);
  return last === undefined || last[0] + last[1] < content.length ? [...runs, [content.length, 0]] : runs;
}

/** Encodes a sparse file of old GNU tar, with four ranges in the header, and 21 in each following record. */
function oldSparse(item: TarItem, stored: number, runs: readonly [number, number][], size: number): Buffer[] {
  const fields = (some: readonly [number, number][]) =>
    Buffer.concat(some.flat().map((number) => Buffer.from(octal(number, 12))));
  const first = header({ ...item, type: 'S' }, stored);
  first.write('ustar  \0', 257, 'latin1');
  first.fill(0, 345, 512);
  fields(runs.slice(0, 4)).copy(first, 386);
  first[482] = runs.length > 4 ? 1 : 0;
  first.write(octal(size, 12), 483);
  const more: Buffer[] = [];
  for (let at = 4; at < runs.length; at += 21) {
    const next = Buffer.alloc(record);
    fields(runs.slice(at, at + 21)).copy(next);
    next[504] = at + 21 < runs.length ? 1 : 0;
    more.push(next);
  }
  return [withChecksum(first), ...more];
}

function header(item: TarItem, size: number): Buffer {
  const { name, type, link = '', mode = 0o644, major = 0, minor = 0 } = item;
  const [uid, gid, mtime] =
    item.numbers === 'pax' ? [0, 0, 0] : [item.uid ?? 0, item.gid ?? 0, item.mtime ?? 0];
  const bytes = Buffer.alloc(record);
  bytes.write(name.slice(0, 100), 0, 'latin1');
  bytes.write(octal(mode, 8), 100);
  number(uid, 8).copy(bytes, 108);
  number(gid, 8).copy(bytes, 116);
  bytes.write(octal(size, 12), 124);
  number(mtime, 12).copy(bytes, 136);
  bytes.write(type, 156);
  bytes.write(link.slice(0, 100), 157, 'latin1');
  bytes.write('ustar\x0000', 257, 'latin1');
  number(major, 8).copy(bytes, 329);
  number(minor, 8).copy(bytes, 337);
  return withChecksum(bytes);
}

/** Sets the checksum, which POSIX defines as the sum of all bytes, with its own field as spaces. */
function withChecksum(bytes: Buffer): Buffer {
  bytes.write('        ', 148);
  bytes.write(
    `${octal(
      bytes.reduce((sum, byte) => sum + byte),
      7,
    )} `,
    148,
  );
  return bytes;
}

const octal = (value: number, length: number) => `${value.toString(8).padStart(length - 1, '0')}\0`;

/** Encodes a number; GNU stores those that exceed the octal digits as two's complement after a set bit. */
function number(value: number, length: number): Buffer {
  if (value >= 0 && value < 8 ** (length - 1)) {
    return Buffer.from(octal(value, length));
  }
  const bits = BigInt(8 * length);
  const word = BigInt.asUintN(8 * length, BigInt(value)) | (1n << (bits - 1n));
  return Buffer.from(word.toString(16).padStart(2 * length, '0'), 'hex');
}

function paxRecord(key: string, value: string | Buffer): Buffer {
  const bytes = typeof value === 'string' ? Buffer.from(value, 'latin1') : value;
  const rest = Buffer.concat([Buffer.from(` ${key}=`), bytes, Buffer.from('\n')]);
  let length = rest.length;
  while (length !== rest.length + String(length).length) {
    length = rest.length + String(length).length;
  }
  return Buffer.concat([Buffer.from(String(length)), rest]);
}

function padded(data: Buffer): Buffer {
  return Buffer.concat([data, Buffer.alloc((record - (data.length % record)) % record)]);
}
