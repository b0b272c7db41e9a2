import { expect, test } from '@jest/globals';
import { open } from 'node:fs/promises';
import path from 'node:path';
import { reorder, type Run } from '../../../../src/formats/squashfs/write/reorder.ts';
import { temporaryDirectory } from '../../../support/temporary-directory.ts';

const start = 7;

/** Stores runs of these lengths one after the other, and reorders them as in `order`. */
async function reordered(lengths: readonly number[], order: readonly number[], windowBytes: number) {
  let at = start;
  const pieces = lengths.map((length, index) => Buffer.alloc(length, `${index}abcdefghijk`));
  const runs = lengths.map((bytes): Run => {
    at += bytes;
    return { at: at - bytes, bytes };
  });
  const pick = <Item>(items: readonly Item[]) => order.flatMap((index) => items.slice(index, index + 1));
  const handle = await open(path.join(temporaryDirectory(), 'file'), 'w+');
  try {
    await handle.write(Buffer.concat([Buffer.alloc(start, '<'), ...pieces, Buffer.from('>')]));
    await reorder(handle, start, pick(runs), windowBytes);
    const all = Buffer.alloc((await handle.stat()).size);
    await handle.read(all, 0, all.length, 0);
    return { found: all.toString(), wanted: `<<<<<<<${Buffer.concat(pick(pieces)).toString()}>` };
  } finally {
    await handle.close();
  }
}

test.each<[number[], number[]]>([
  [[], []],
  [[5], [0]],
  [
    [3, 4],
    [1, 0],
  ],
  [
    [10, 1, 0, 7, 30],
    [4, 3, 2, 1, 0],
  ],
  [
    [1, 50, 2, 40, 3],
    [2, 0, 3, 1, 4],
  ],
  [
    [9, 9, 9, 9, 9, 9, 9],
    [0, 3, 6, 2, 5, 1, 4],
  ],
])('reorders runs of %j bytes into the order %j, at any concurrency', async (lengths, order) => {
  for (const windowBytes of [1, 2, 3, 7, 16, 1000]) {
    const { found, wanted } = await reordered(lengths, order, windowBytes);
    expect(found).toBe(wanted);
  }
});
