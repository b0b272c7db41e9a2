import { gzipSync, zstdCompressSync } from 'node:zlib';
import type { Draw } from '../corpus/draw.ts';
import { entryBytes, type EntryBytes } from '../layer-bytes.ts';
import { tarEnd } from '../tar-bytes.ts';
import { paxRecords, records, sparseEntry, sparseMap } from './hostile-extensions.ts';
import { bytesMutated, fieldMutated } from './mutate.ts';
import { names, targets, types } from './odd-values.ts';

/** Entries that the others depend on. */
const first: readonly EntryBytes[] = [
  { name: 'a', type: '5', mode: 0o755 },
  { name: 'a/b', data: 'x' },
  { name: 'b', data: 'y' },
];

export function layer(draw: Draw): Buffer {
  const parts = [
    ...(draw.once(4) ? [] : first.map(entryBytes)),
    ...Array.from({ length: 1 + draw.below(12) }, () => entry(draw)),
  ];
  const end = draw.once(20) ? Buffer.alloc(draw.of([0, 100, 512, 1536])) : tarEnd;
  const whole = Buffer.concat([...parts, end]);
  return draw.once(20) ? bytesMutated(draw, whole) : whole;
}

/** Generates entries: valid ones that depend on one another, and some hostile ones. */
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
    // After other entries, content would be parsed as the next header.
    ...(('07SxgLKX'.includes(type) || draw.once(4)) && { data: content }),
    ...(draw.once(2) && { pax: paxRecords(draw) }),
    ...(draw.once(6) && { sizeBytes: draw.of([0, 1, 511, 513, 100_000, 2 ** 33 - 1]) }),
  };
  const bytes = entryBytes(hostile);
  return draw.once(4) ? fieldMutated(draw, bytes, hostile.pax !== undefined) : bytes;
}

/** Stores a layer or a whole archive, in most cases correctly. */
export function packed(draw: Draw, layer: Buffer): Buffer {
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
    // The content exceeds the limit of this test in a few kilobytes.
    () => gzipSync(Buffer.concat([layer, Buffer.alloc(draw.of([0, 9_000_000]))]), { level: 1 }),
  ])();
  return draw.once(20) ? bytesMutated(draw, stored) : stored;
}
