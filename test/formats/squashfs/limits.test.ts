import { expect, test } from '@jest/globals';
import { FieldWriter } from '../../../src/formats/squashfs/write/field-writer.ts';
import { writeDirectory } from '../../../src/formats/squashfs/write/inode-records.ts';
import { nothing } from '../../../src/formats/squashfs/layout.ts';
import { decodeReference } from '../../../src/formats/squashfs/write/metadata-blocks.ts';
import { checkFile } from '../../../src/image/inspect/check-file.ts';
import { HpcGatError } from '../../../src/support/errors.ts';
import { testContext } from '../../support/context.ts';
import { directory, fifo, writtenImage } from './written-image.ts';

const range = (count: number) => Array.from({ length: count }, (_none, at) => at);

test('a directory holds 66,000 directories, and an inode 70,000 names', async () => {
  const one = fifo();
  const file = await writtenImage(() =>
    directory({
      directories: directory(Object.fromEntries(range(66_000).map((at) => [`directory-${at}`, directory()]))),
      names: directory(Object.fromEntries(range(70_000).map((at) => [`name-${at}`, one]))),
    }),
  );
  await expect(checkFile(file, testContext())).resolves.toMatchObject({
    fileSystems: [{ names: 136_002, inodes: { directory: 66_003, fifo: 1 } }],
  });
});

test('an image holds 66,000 different sets of xattrs, and one of the largest that a tar can describe', async () => {
  const set = (at: number) => new Map([['user.number', Buffer.from(`${at}`)]]);
  const large = new Map(range(250).map((at) => [`user.${at}`, Buffer.alloc(65_536, at)]));
  const file = await writtenImage(() =>
    directory({
      ...Object.fromEntries(range(66_000).map((at) => [`file-${at}`, fifo({ xattrs: set(at) })])),
      large: fifo({ xattrs: large }),
    }),
  );
  await expect(checkFile(file, testContext())).resolves.toMatchObject({
    fileSystems: [{ xattrSets: 66_001 }],
  });
});

test('a directory holds no more names than Linux reads', () => {
  const header = { mode: 0o755, uid: 0, gid: 0, mtime: 0, number: 1, links: 2, xattrs: nothing };
  const write = (bytes: number) => {
    writeDirectory(new FieldWriter(), header, { place: { block: 0, offset: 0 }, bytes, index: [] }, 2);
  };
  expect(() => {
    write(2 ** 31 - 4);
  }).not.toThrow();
  expect(() => {
    write(2 ** 31 - 3);
  }).toThrow(expect.objectContaining({ exitCode: 1, message: expect.stringMatching(/more than the 2 GiB/) }));
});

test('a table holds no metadata block whose position exceeds 32 bits', () => {
  expect(decodeReference(2 ** 48 - 1)).toEqual({ block: 2 ** 32 - 1, offset: 65_535 });
  expect(() => decodeReference(2 ** 48)).toThrow(HpcGatError);
});
