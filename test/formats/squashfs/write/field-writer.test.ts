import { expect, test } from '@jest/globals';
import { FieldWriter } from '../../../../src/formats/squashfs/write/field-writer.ts';

test('any number of fields is written in order, little-endian', () => {
  const fields = new FieldWriter();
  const expected: Buffer[] = [];
  for (let count = 0; count < 2_000; count += 1) {
    fields.u16(0xfffe);
    fields.i16(-2);
    fields.u32(0xfffffffd);
    fields.u64(2 ** 53 - 1);
    fields.text('\u00e9x');
    fields.bytes(Buffer.from([count % 256]));
    expected.push(Buffer.from('fefffefffdffffffffffffffffff1f00e978', 'hex'), Buffer.from([count % 256]));
  }
  expect(fields.length).toBe(2_000 * 19);
  const all = Buffer.concat(expected);
  const front = fields.take(8_192);
  fields.u16(1);
  expect(Buffer.concat([front, fields.take()]).equals(Buffer.concat([all, Buffer.from([1, 0])]))).toBe(true);
  expect(fields.length).toBe(0);
});

test.each([Number.NaN, -1, 0.5, 2 ** 53])('%d is rejected as a position in a file system', (value) => {
  expect(() => {
    new FieldWriter().u64(value);
  }).toThrow(expect.objectContaining({ name: 'RangeError' }));
});
