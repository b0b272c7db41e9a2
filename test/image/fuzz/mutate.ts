import type { Draw } from '../corpus/draw.ts';

/** Changes the form of a header field, with a correct checksum in most cases. */
export function fieldMutated(draw: Draw, bytes: Buffer, hasPax: boolean): Buffer {
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

/** Truncates or extends the data, repeats or drops a piece, or changes some bytes. */
export function bytesMutated(draw: Draw, bytes: Buffer): Buffer {
  const changed = Buffer.from(bytes);
  switch (draw.below(4)) {
    case 0:
      return changed.subarray(0, draw.below(changed.length + 1));
    case 1:
      return Buffer.concat([changed, Buffer.alloc(draw.of([1, 512, 5000]), draw.of([0, 0x1f, 0xff]))]);
    case 2: {
      // Repeats or drops a piece.
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

/** Moves a value of a JSON description to another place, drops a key, or changes its bytes. */
export function jsonMutated(draw: Draw, description: object): Buffer {
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
