/** An entry of a layer for tests, written without the code under test. */
export interface EntryBytes {
  /** Name with a byte in each character. */
  name: string;
  /** "0" a file, "1" a hard link, "2" a symbolic link, "5" a directory, ... */
  type?: string;
  link?: string;
  data?: string | Buffer;
  mode?: number;
  uid?: number;
  gid?: number;
  mtime?: number;
  major?: number;
  minor?: number;
  /** Records of a pax header that precedes it. */
  pax?: Record<string, string | Buffer>;
  /** Size in the header, in place of the data's length. */
  sizeBytes?: number;
}

const octal = (value: number, length: number) => `${value.toString(8).padStart(length - 1, '0')}\0`;

function checksummed(header: Buffer): Buffer {
  header.write('        ', 148);
  header.write(
    octal(
      header.reduce((sum, byte) => sum + byte, 0),
      7,
    ),
    148,
  );
  return header;
}

export function padded(data: Buffer): Buffer {
  return Buffer.concat([data, Buffer.alloc((512 - (data.length % 512)) % 512)]);
}

/** Encodes records as POSIX defines them; the length includes itself. */
export function paxBytes(records: Readonly<Record<string, string | Buffer>>): Buffer {
  return Buffer.concat(
    Object.entries(records).map(([key, value]) => {
      const rest = Buffer.concat([Buffer.from(` ${key}=`, 'latin1'), Buffer.from(value), Buffer.from('\n')]);
      let length = rest.length + 1;
      while (String(length).length + rest.length !== length) {
        length += 1;
      }
      return Buffer.concat([Buffer.from(String(length)), rest]);
    }),
  );
}

export function headerBytes(entry: EntryBytes, sizeBytes: number): Buffer {
  const {
    name,
    type = '0',
    link = '',
    mode = 0o644,
    uid = 0,
    gid = 0,
    mtime = 0,
    major = 0,
    minor = 0,
  } = entry;
  const header = Buffer.alloc(512);
  header.write(name, 0, 100, 'latin1');
  header.write(octal(mode, 8), 100);
  header.write(octal(uid, 8), 108);
  header.write(octal(gid, 8), 116);
  header.write(octal(sizeBytes, 12), 124);
  header.write(octal(mtime, 12), 136);
  header.write(type, 156);
  header.write(link, 157, 100, 'latin1');
  header.write('ustar\x0000', 257);
  header.write(octal(major, 8), 329);
  header.write(octal(minor, 8), 337);
  return checksummed(header);
}

export function entryBytes(entry: EntryBytes): Buffer {
  const data = Buffer.from(entry.data ?? '');
  const pax = entry.pax === undefined ? undefined : paxBytes(entry.pax);
  return Buffer.concat([
    ...(pax === undefined ? [] : [headerBytes({ name: 'pax', type: 'x' }, pax.length), padded(pax)]),
    headerBytes(entry, entry.sizeBytes ?? data.length),
    padded(data),
  ]);
}

export function layerBytes(entries: readonly EntryBytes[]): Buffer {
  return Buffer.concat([...entries.map(entryBytes), Buffer.alloc(1024)]);
}

/** Splits the bytes into chunks of an odd length. */
export async function* inPieces(bytes: Buffer, length = 333): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += length) {
    yield await Promise.resolve(bytes.subarray(at, at + length));
  }
}
