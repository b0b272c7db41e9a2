import { describe, expect, test } from '@jest/globals';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { readDockerArchive } from '../../../../src/image/source/docker-save/docker-archive.ts';
import { HpcGatError, UsageError } from '../../../../src/support/errors.ts';
import { temporaryDirectory } from '../../../support/temporary-directory.ts';
import { dockerSave, tarEnd, tarEntry } from '../../tar-bytes.ts';

async function written(bytes: Buffer): Promise<string> {
  const file = path.join(temporaryDirectory(), 'image.tar');
  await writeFile(file, bytes);
  return file;
}

const two = [{ tags: ['lab/one:1'] }, { tags: ['lab/two:2', 'lab/two:latest'] }];

describe('an archive of docker save', () => {
  test('is parsed with one image', async () => {
    const archive = await readDockerArchive(await written(dockerSave()));
    expect(archive).toMatchObject({
      tags: ['lab/image:1'],
      images: 1,
      layers: [{ name: '0/layer.tar', sizeBytes: 5, codec: 'none' }],
      config: { architecture: 'amd64', config: { Cmd: ['true'] } },
    });
    expect(archive.manifestSha256).toMatch(/^[0-9a-f]{64}$/);
  });

  test('of two images selects the named one', async () => {
    const file = await written(dockerSave(two));
    expect((await readDockerArchive(file, { reference: 'lab/two:2' })).tags).toEqual([
      'lab/two:2',
      'lab/two:latest',
    ]);
    await expect(readDockerArchive(file)).rejects.toThrow(
      'contains 2 images: lab/one:1, lab/two:2, lab/two:latest',
    );
    await expect(readDockerArchive(file, { reference: 'lab/tow:2' })).rejects.toMatchObject({
      fix: 'did you mean lab/two:2?',
    });
  });

  test('ignores a size in the header of a directory', async () => {
    const directory = tarEntry('directory/', '', '5', 100_000);
    await expect(
      readDockerArchive(await written(Buffer.concat([directory, dockerSave()]))),
    ).resolves.toMatchObject({
      images: 1,
    });
  });

  test('reads names in extensions and in the prefix', async () => {
    const long = `${'d'.repeat(120)}/layer.tar`;
    const record = `path=${long}\n`;
    const length = record.length + 4;
    const manifest = JSON.stringify([{ Config: './c.json', RepoTags: null, Layers: [long, `${long}2`] }]);
    const archive = Buffer.concat([
      tarEntry('pax', `${length} ${record}`, 'x'),
      tarEntry('short', 'layer one'),
      tarEntry('././@LongLink', `${long}2\0`, 'L'),
      tarEntry('short', 'layer two!'),
      tarEntry(
        './c.json',
        JSON.stringify({ architecture: 'amd64', os: 'linux', rootfs: { diff_ids: ['a', 'b'] } }),
      ),
      tarEntry('manifest.json', manifest.replace('./c.json', 'c.json')),
      tarEnd,
    ]);
    const { layers } = await readDockerArchive(await written(archive));
    expect(layers.map(({ sizeBytes, diffId }) => [sizeBytes, diffId])).toEqual([
      [9, 'a'],
      [10, 'b'],
    ]);
  });
});

describe('an invalid archive', () => {
  const whole = dockerSave();

  test('is rejected when it is cut off at any position', async () => {
    // Missing padding and a missing end mark lose no content of the archive.
    const data = whole.subarray(0, whole.lastIndexOf(']') + 1);
    const file = path.join(temporaryDirectory(), 'image.tar');
    for (let length = 0; length < data.length; length += 128) {
      await writeFile(file, data.subarray(0, length));
      await expect(readDockerArchive(file)).rejects.toThrow(HpcGatError);
    }
    await writeFile(file, data);
    await expect(readDockerArchive(file)).resolves.toBeDefined();
  });

  test.each<[string, Buffer, RegExp]>([
    ['nothing', Buffer.alloc(0), /is empty/],
    ['zeros', Buffer.alloc(4096), /not a tar archive/],
    ['text', Buffer.from('hello\n'), /not a tar archive/],
    [
      'a tar of something else',
      Buffer.concat([tarEntry('readme', 'hi'), tarEnd]),
      /not one of `docker save`/,
    ],
    [
      'a manifest that is no JSON',
      Buffer.concat([tarEntry('manifest.json', '{'), tarEnd]),
      /not valid output of `docker save`/,
    ],
    [
      'an empty manifest',
      Buffer.concat([tarEntry('manifest.json', '[]'), tarEnd]),
      /not valid output of `docker save`/,
    ],
    ['a size of 8 GiB', Buffer.concat([tarEntry('x', '', '0', 8 ** 11 - 1), tarEnd]), /extends past the end/],
    [
      'a damaged header',
      Buffer.concat([tarEntry('a', 'x'), Buffer.alloc(512, 7)]),
      /no entry begins at byte 1024/,
    ],
    [
      'digests of more layers than there are',
      Buffer.concat([
        tarEntry('c.json', JSON.stringify({ rootfs: { diff_ids: ['a', 'b'] } })),
        tarEntry('layer.tar', 'x'),
        tarEntry(
          'manifest.json',
          JSON.stringify([{ Config: 'c.json', RepoTags: [], Layers: ['layer.tar'] }]),
        ),
        tarEnd,
      ]),
      /is damaged: 1 layers, but digests of 2/,
    ],
  ])('is rejected: %s', async (_what, bytes, message) => {
    await expect(readDockerArchive(await written(bytes))).rejects.toThrow(message);
  });

  test('is rejected when it is absent or a directory', async () => {
    await expect(readDockerArchive('/nowhere/x.tar')).rejects.toThrow(UsageError);
    await expect(readDockerArchive(temporaryDirectory())).rejects.toThrow('is not a file');
  });
});
