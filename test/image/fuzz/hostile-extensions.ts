import type { Draw } from '../corpus/draw.ts';
import { entryBytes, padded } from '../layer-bytes.ts';
import { keys, names, numbers } from './odd-values.ts';

export function paxRecords(draw: Draw): Record<string, string> {
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

/** Generates the data of a pax header, with correct lengths in most cases. */
export function records(draw: Draw): Buffer {
  const lines = Array.from({ length: 1 + draw.below(3) }, () => {
    const rest = ` ${draw.of(keys)}=${draw.of(numbers)}\n`;
    return `${rest.length + 2 + draw.of([0, 0, 0, 1, -1, 90])}${rest}`;
  });
  return Buffer.from(lines.join(''));
}

/** Generates a sparse file in the format of GNU tar, with at most one wrong number in most cases. */
export function sparseEntry(draw: Draw): Buffer {
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
  const fields = [...runs, end + draw.of([0, 5, 131_072])].map(String);
  if (!draw.once(3)) {
    fields[draw.below(fields.length)] = draw.of(numbers);
  }
  const size = fields.pop() ?? '';
  const name = 'sparse';
  if (draw.once(2)) {
    const pax = { 'GNU.sparse.map': fields.join(','), 'GNU.sparse.size': size };
    return entryBytes({ name, data, pax });
  }
  const count = draw.once(4) ? draw.of(numbers) : String(fields.length / 2);
  const map = padded(Buffer.from(`${[count, ...fields].join('\n')}\n`));
  const pax = { 'GNU.sparse.major': '1', 'GNU.sparse.minor': '0', 'GNU.sparse.realsize': size };
  return entryBytes({ name, data: Buffer.concat([map, data]), pax });
}

const numberList = (draw: Draw) => Array.from({ length: draw.below(7) }, () => draw.of(numbers)).join(',');

export function sparseMap(draw: Draw): Buffer {
  const lines = Array.from({ length: draw.below(6) }, () => draw.of(numbers));
  return padded(Buffer.from(draw.once(4) ? '1'.repeat(3000) : `${lines.length >> 1}\n${lines.join('\n')}\n`));
}
