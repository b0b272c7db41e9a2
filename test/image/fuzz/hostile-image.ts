import { createHash } from 'node:crypto';
import { arch } from 'node:os';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import type { Draw } from '../corpus/draw.ts';
import { entryBytes, headerBytes, padded, type EntryBytes } from '../layer-bytes.ts';
import { tarEnd, tarEntry } from '../tar-bytes.ts';

/** An archive as `make-sif` takes it; most are sound but for one to three places. */
export interface HostileImage {
  readonly kind: 'docker-archive' | 'oci-archive';
  readonly bytes: Buffer;
}

export function hostileImage(draw: Draw): HostileImage {
  const kind = draw.of(['docker-archive', 'oci-archive'] as const);
  const layers = Array.from({ length: 1 + draw.below(3) }, () => layer(draw));
  const bytes = kind === 'oci-archive' ? ociArchive(draw, layers) : dockerArchive(draw, layers);
  return { kind, bytes: draw.once(20) ? bytesMutated(draw, bytes) : bytes };
}

const numbers = [
  ...['-1', '-5', '0', '1', '3', '511', '512', '513', '65536', '131071', '131072', '131073', '1000000'],
  ...[
    '4294967296',
    '8589934592',
    '9007199254740991',
    '9223372036854775808',
    '1e9',
    '0x10',
    '1.5',
    '',
    'x',
    ' 7',
  ],
] as const;
const names = [
  ...[
    'a',
    'b',
    'a/b',
    'a/b/c',
    './',
    '.',
    '..',
    '/',
    '',
    '../../precious',
    '/etc/passwd',
    'a/../../..',
    'l/x',
    'l',
  ],
  ...[
    'l/l/l/x',
    '.wh.a',
    '.wh..wh..opq',
    '.wh.',
    '.wh..',
    'a/.wh.b',
    '.wh..wh.plnk',
    'a\0b',
    'a\nb',
    '\u001b[2J',
  ],
  ...['\xff\xfe', 'n'.repeat(255), 'n'.repeat(256), 'd/'.repeat(60), 'd/'.repeat(3000), 'x'.repeat(100_000)],
] as const;
const types = [
  '0',
  '0',
  '0',
  '1',
  '2',
  '2',
  '3',
  '4',
  '5',
  '5',
  '6',
  '7',
  'S',
  'x',
  'g',
  'L',
  'K',
  'X',
  'V',
  '\0',
  'Z',
] as const;
const targets = [
  'a',
  'b',
  '..',
  '../..',
  '/',
  '/..',
  'l',
  'l/l',
  '',
  'nowhere',
  'a/b',
  't'.repeat(5000),
  '/'.repeat(4000),
] as const;
const keys = [
  ...[
    'path',
    'linkpath',
    'size',
    'uid',
    'gid',
    'mtime',
    'GNU.sparse.map',
    'GNU.sparse.size',
    'GNU.sparse.major',
  ],
  ...['GNU.sparse.realsize', 'GNU.sparse.name', 'GNU.sparse.offset', 'GNU.sparse.numbytes', 'comment'],
  ...[
    'SCHILY.xattr.user.a',
    'SCHILY.xattr.',
    'SCHILY.xattr.security.capability',
    `SCHILY.xattr.${'k'.repeat(300)}`,
  ],
] as const;

/** What the others build on. */
const first: readonly EntryBytes[] = [
  { name: 'a', type: '5', mode: 0o755 },
  { name: 'a/b', data: 'x' },
  { name: 'b', data: 'y' },
];

function layer(draw: Draw): Buffer {
  const parts = [
    ...(draw.once(4) ? [] : first.map(entryBytes)),
    ...Array.from({ length: 1 + draw.below(12) }, () => entry(draw)),
  ];
  const end = draw.once(20) ? Buffer.alloc(draw.of([0, 100, 512, 1536])) : tarEnd;
  const whole = Buffer.concat([...parts, end]);
  return draw.once(20) ? bytesMutated(draw, whole) : whole;
}

/** Sound entries that build on one another, and among them one of hostile parts. */
function entry(draw: Draw): Buffer {
  if (!draw.once(8)) {
    return entryBytes(
      draw.of<EntryBytes>([
        { name: 'a', type: '5', mode: 0o755 },
        { name: 'a/b', data: 'x'.repeat(draw.of([0, 1, 600, 200_000])) },
        { name: 'b', data: Buffer.alloc(draw.of([10, 131_072, 300_000])) },
        { name: 'l', type: '2', link: draw.of(['a', '.', '/', 'l', '../..']) },
        { name: 'h', type: '1', link: draw.of(['a/b', 'b', 'b']) },
        { name: '.wh.b' },
        { name: `d${draw.below(5)}`, type: draw.of(['3', '4', '6']), major: 1, minor: 3 },
        { name: `u${draw.below(9)}`, uid: draw.below(9), data: `${draw.below(4)}` },
      ]),
    );
  }
  if (draw.once(4)) {
    return sparseEntry(draw);
  }
  const type = draw.of(types);
  const content = draw.of<() => Buffer>([
    () => Buffer.from('abc'),
    () => Buffer.alloc(draw.of([0, 512, 131_072])),
    () => sparseMap(draw),
    () => Buffer.from(draw.of(names), 'latin1'),
    () => records(draw),
  ])();
  const hostile: EntryBytes = {
    name: draw.of(names).slice(0, 100),
    type,
    link: draw.of(targets).slice(0, 100),
    // Behind others, content would be the next header.
    ...(('07SxgLKX'.includes(type) || draw.once(4)) && { data: content }),
    ...(draw.once(2) && { pax: paxRecords(draw) }),
    ...(draw.once(6) && { sizeBytes: draw.of([0, 1, 511, 513, 100_000, 2 ** 33 - 1]) }),
  };
  const bytes = entryBytes(hostile);
  return draw.once(4) ? fieldMutated(draw, bytes, hostile.pax !== undefined) : bytes;
}

function paxRecords(draw: Draw): Record<string, string> {
  return Object.fromEntries(
    Array.from({ length: 1 + draw.below(3) }, () => {
      const key = draw.of(keys);
      const value = /path|name/.test(key)
        ? draw.of(names)
        : key.includes('map')
          ? numberList(draw)
          : draw.of(numbers);
      return [key, key.includes('xattr') ? 'v'.repeat(draw.of([0, 20, 70_000])) : value];
    }),
  );
}

/** A sparse file as GNU tar describes it, in most cases but for one number. */
function sparseEntry(draw: Draw): Buffer {
  const runs: number[] = [];
  let end = 0;
  for (let left = draw.below(4); left > 0; left -= 1) {
    const [hole, bytes] = [draw.of([0, 1, 512, 200_000]), draw.of([0, 1, 3, 600])];
    runs.push(end + hole, bytes);
    end += hole + bytes;
  }
  const data = Buffer.alloc(
    runs.reduce((sum, number, at) => sum + (at % 2) * number, 0),
    'd',
  );
  const told = [...runs, end + draw.of([0, 5, 131_072])].map(String);
  if (!draw.once(3)) {
    told[draw.below(told.length)] = draw.of(numbers);
  }
  const size = told.pop() ?? '';
  const name = 'sparse';
  if (draw.once(2)) {
    const pax = { 'GNU.sparse.map': told.join(','), 'GNU.sparse.size': size };
    return entryBytes({ name, data, pax });
  }
  const count = draw.once(4) ? draw.of(numbers) : String(told.length / 2);
  const map = padded(Buffer.from(`${[count, ...told].join('\n')}\n`));
  const pax = { 'GNU.sparse.major': '1', 'GNU.sparse.minor': '0', 'GNU.sparse.realsize': size };
  return entryBytes({ name, data: Buffer.concat([map, data]), pax });
}

const numberList = (draw: Draw) => Array.from({ length: draw.below(7) }, () => draw.of(numbers)).join(',');

function sparseMap(draw: Draw): Buffer {
  const lines = Array.from({ length: draw.below(6) }, () => draw.of(numbers));
  return padded(Buffer.from(draw.once(4) ? '1'.repeat(3000) : `${lines.length >> 1}\n${lines.join('\n')}\n`));
}

function records(draw: Draw): Buffer {
  const lines = Array.from({ length: 1 + draw.below(3) }, () => {
    const rest = ` ${draw.of(keys)}=${draw.of(numbers)}\n`;
    return `${rest.length + 2 + draw.of([0, 0, 0, 1, -1, 90])}${rest}`;
  });
  return Buffer.from(lines.join(''));
}

/** A field of a header in another form, its checksum right again in most cases. */
function fieldMutated(draw: Draw, bytes: Buffer, hasPax: boolean): Buffer {
  const changed = Buffer.from(bytes);
  const at = hasPax && draw.once(2) ? 0 : Math.max(0, changed.length - 1024);
  const start = at - (at % 512);
  const header = changed.subarray(start, start + 512);
  const [from, length] = draw.of([
    ...([
      [100, 8],
      [108, 8],
      [124, 12],
      [136, 12],
      [329, 8],
      [337, 8],
      [156, 1],
      [257, 6],
    ] as const),
    ...([
      [386, 24],
      [482, 1],
      [483, 12],
      [0, 100],
      [345, 155],
    ] as const),
  ] as [readonly [number, number], ...(readonly [number, number])[]]);
  const field = draw.of<() => Buffer>([
    () => Buffer.alloc(length, 0xff),
    () => Buffer.alloc(length, 0),
    () => Buffer.from('9'.repeat(length)),
    () => Buffer.concat([Buffer.from([0x80]), Buffer.alloc(length, draw.of([0, 1, 0x7f, 0xff]))]),
    () => Buffer.from(Array.from({ length }, () => draw.below(256))),
  ])();
  field.copy(header, from, 0, Math.min(length, 512 - from));
  if (!draw.once(5)) {
    header.write('        ', 148);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  }
  return changed;
}

function bytesMutated(draw: Draw, bytes: Buffer): Buffer {
  const changed = Buffer.from(bytes);
  switch (draw.below(4)) {
    case 0:
      return changed.subarray(0, draw.below(changed.length + 1));
    case 1:
      return Buffer.concat([changed, Buffer.alloc(draw.of([1, 512, 5000]), draw.of([0, 0x1f, 0xff]))]);
    case 2: {
      // A piece of it once more, or a piece left out.
      const [from, to] = [draw.below(changed.length + 1), draw.below(changed.length + 1)];
      return Buffer.concat([changed.subarray(0, from), changed.subarray(to)]);
    }
    default:
      for (let left = changed.length === 0 ? 0 : 1 + draw.below(8); left > 0; left -= 1) {
        changed[draw.below(changed.length)] = draw.below(256);
      }
      return changed;
  }
}

function packed(draw: Draw, layer: Buffer): Buffer {
  const cut = draw.below(layer.length + 1);
  const halves = [layer.subarray(0, cut), layer.subarray(cut)];
  const stored = draw.of<() => Buffer>([
    () => layer,
    () => gzipSync(layer, { level: 1 }),
    () => zstdCompressSync(layer),
    () => Buffer.concat(halves.map((half) => gzipSync(half, { level: 1 }))),
    () =>
      Buffer.concat([
        ...halves.map((half) => zstdCompressSync(half)),
        Buffer.from('5a2a4d1800000000', 'hex'),
      ]),
    // More than the limit of this test, in a few kilobytes.
    () => gzipSync(Buffer.concat([layer, Buffer.alloc(draw.of([0, 9_000_000]))]), { level: 1 }),
  ])();
  return draw.once(20) ? bytesMutated(draw, stored) : stored;
}

const digestOf = (bytes: Buffer) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
const architecture = arch() === 'x64' ? 'amd64' : arch();

function configOf(draw: Draw, layers: readonly Buffer[]): Buffer {
  return jsonMutated(draw, {
    architecture,
    os: 'linux',
    created: '2024-01-01T00:00:00Z',
    config: { Env: ['PATH=/bin', 'A=b'], Cmd: ['sh'], Entrypoint: null, Labels: { a: 'b' } },
    rootfs: { type: 'layers', diff_ids: layers.map(digestOf) },
  });
}

const values = [
  'null',
  '0',
  '-1',
  '1e99',
  '""',
  '"\\u0000"',
  '"\\u001b[2J"',
  '[]',
  '{}',
  '[[[[]]]]',
  '"+275760-09-13T00:00:00Z"',
  '{"__proto__":{}}',
  '"sha256:0"',
] as const;

/** The JSON of a description with one value in another's place, a key gone, or its bytes changed. */
function jsonMutated(draw: Draw, description: object): Buffer {
  const text = JSON.stringify(description);
  if (!draw.once(12)) {
    return Buffer.from(text);
  }
  if (draw.once(3)) {
    return bytesMutated(draw, Buffer.from(text));
  }
  const found = [...text.matchAll(/"[^"]*"(?!:)|\[[^[\]]*\]|null|\d+/g)];
  const one = found[draw.below(Math.max(1, found.length))];
  return Buffer.from(
    one === undefined
      ? text
      : text.slice(0, one.index) + draw.of(values) + text.slice(one.index + one[0].length),
  );
}

function dockerArchive(draw: Draw, layers: readonly Buffer[]): Buffer {
  const manifest = jsonMutated(draw, [
    { Config: 'config.json', RepoTags: ['a:1'], Layers: layers.map((_layer, at) => `${at}/layer.tar`) },
  ]);
  return Buffer.concat([
    tarEntry('config.json', configOf(draw, layers)),
    ...layers.map((one, at) =>
      draw.once(40)
        ? headerBytes(
            {
              name: `${at}/layer.tar`,
              type: '2',
              link: draw.of(['0/layer.tar', '../config.json', '/etc/passwd']),
            },
            0,
          )
        : tarEntry(`${at}/layer.tar`, packed(draw, one)),
    ),
    tarEntry('manifest.json', manifest),
    tarEnd,
  ]);
}

function ociArchive(draw: Draw, layers: readonly Buffer[]): Buffer {
  const blobs = new Map<string, Buffer>();
  const blob = (bytes: Buffer, mediaType: string) => {
    blobs.set(draw.once(100) ? digestOf(Buffer.alloc(0)) : digestOf(bytes), bytes);
    return { mediaType, digest: digestOf(bytes), size: bytes.length };
  };
  const manifest = jsonMutated(draw, {
    schemaVersion: 2,
    config: blob(configOf(draw, layers), 'application/vnd.oci.image.config.v1+json'),
    layers: layers.map((one) => blob(packed(draw, one), 'application/vnd.oci.image.layer.v1.tar')),
  });
  let top = blob(manifest, 'application/vnd.oci.image.manifest.v1+json');
  for (let depth = draw.of([0, 0, 0, 0, 0, 0, 1, 6]); depth > 0; depth -= 1) {
    top = blob(
      jsonMutated(draw, { schemaVersion: 2, manifests: [top] }),
      'application/vnd.oci.image.index.v1+json',
    );
  }
  const index = jsonMutated(draw, { schemaVersion: 2, manifests: [top] });
  return Buffer.concat([
    ...[...blobs].map(([digest, bytes]) => tarEntry(`blobs/${digest.replace(':', '/')}`, bytes)),
    tarEntry('index.json', index),
    tarEnd,
  ]);
}
