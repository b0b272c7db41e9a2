import { describe, expect, test } from '@jest/globals';
import { open, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import type { ConversionProgress } from '../../../src/image/convert/conversion-watch.ts';
import { makeSif } from '../../../src/image/make/make-sif.ts';
import { createNativeEngine } from '../../../src/image/convert/native-engine.ts';
import type { MakeSifRequest, MakeSifResult } from '../../../src/image/make/request.ts';
import { parsePlatform } from '../../../src/image/source/platform.ts';
import { openSource } from '../../../src/image/source/open-source.ts';
import { prepareRuntimeSource } from '../../../src/image/source/runtime-source.ts';
import { parseSource } from '../../../src/image/source/source.ts';
import { InterruptedError, UsageError } from '../../../src/support/errors.ts';
import { FileThreads } from '../../../src/support/threads/file-threads.ts';
import { testContext } from '../../support/context.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { convertMade } from '../hostile/convert.ts';
import { layerBytes } from '../layer-bytes.ts';
import { noise } from '../noise.ts';
import { configOf, forPlatform, hostArchitecture, OciBytes } from '../oci-bytes.ts';
import { savedByDocker20, savedByDocker25 } from '../saved-image.ts';
import { dockerSave, tarEnd, tarEntry } from '../tar-bytes.ts';

const tag = 'lab/image:1';
const layers = [
  layerBytes([{ name: 'first', data: noise(200_000, 1) }]),
  layerBytes([{ name: 'second', data: noise(100_000, 2) }]),
];
const saved = savedByDocker25(layers, tag);
const quiet = { onProgress: () => undefined, onWarning: () => undefined, onChild: () => undefined };

interface Place {
  readonly file: string;
  readonly sif: string;
  readonly make: (changes?: Partial<MakeSifRequest>) => Promise<MakeSifResult>;
}

async function place(
  archive: Buffer,
  name = 'image.tar.gz',
  reference = '',
  kind: 'docker-archive' | 'oci-archive' = 'docker-archive',
): Promise<Place> {
  const directory = temporaryDirectory();
  const [file, sif] = [path.join(directory, name), path.join(directory, 'x.sif')];
  await writeFile(file, archive);
  const request: MakeSifRequest = {
    source: parseSource(`${kind}:${name}${reference}`, directory),
    output: sif,
    compression: { codec: 'zstd', level: 1 },
    blockBytes: 131_072,
  };
  const context = testContext();
  return {
    file,
    sif,
    make: (changes) =>
      makeSif({ ...request, ...changes }, createNativeEngine(context, { threads: 1 }), context),
  };
}

/** Converts without the verb. */
async function watched(
  { file, sif }: Place,
  onProgress: (progress: ConversionProgress) => unknown,
  signal = new AbortController().signal,
): Promise<void> {
  const fileThreads = new FileThreads(1, signal);
  try {
    await createNativeEngine(testContext(), { threads: 1 }).convert(
      {
        opened: await openSource({ kind: 'docker-archive', file }, testContext()),
        output: sif,
        tempDir: '',
        compression: { codec: 'zstd', level: 1 },
        blockBytes: 131_072,
      },
      { ...quiet, onProgress, fileThreads, signal },
    );
  } finally {
    fileThreads.close();
  }
}

/** Overwrites some bytes of a file, and restores its times. */
async function overwrite(file: string, position: number): Promise<void> {
  const { atime, mtime } = await stat(file);
  const handle = await open(file, 'r+');
  await handle.write(Buffer.alloc(4, 0x55), 0, 4, position);
  await handle.close();
  await utimes(file, atime, mtime);
}

describe('an archive compressed with gzip', () => {
  test('gets a manifest of its contents, and is recognized without being read', async () => {
    const { file, make } = await place(gzipSync(saved));
    // The precision is that with which utimes(2) restores it.
    await utimes(file, 1_700_000_000, 1_700_000_000);
    const { state, record } = await make();
    expect({ state, record }).toMatchObject({
      state: 'made',
      record: {
        identity: { kind: 'compressed-docker-archive', fileBytes: (await stat(file)).size },
        image: { architecture: hostArchitecture, cmd: ['true'], env: ['A=1'], labels: { what: 'test' } },
      },
    });
    await overwrite(file, 100_000);
    expect(await make()).toMatchObject({ state: 'up to date', record });
    // These bytes are gzip's checksum of the content.
    await overwrite(file, (await stat(file)).size - 8);
    expect(await make({ dryRun: true })).toMatchObject({
      state: 'would be made',
      reason: 'the source has changed',
    });
    await expect(make()).rejects.toThrow(/is damaged: its gzip cannot be read/);
  });

  test.each([
    ['image.tar.gz', gzipSync(saved)],
    ['image.tgz', gzipSync(saved)],
    ['image.tar.zst', zstdCompressSync(saved)],
    ['image.tar', zstdCompressSync(saved)],
  ])('gives the bytes of image.tar for %s', async (name, archive) => {
    const [plain, compressed] = [await place(saved, 'image.tar'), await place(archive, name)];
    await Promise.all([plain.make(), compressed.make()]);
    expect((await readFile(compressed.sif)).equals(await readFile(plain.sif))).toBe(true);
  });

  test('is measured by the bytes of the file', async () => {
    const archive = gzipSync(saved);
    const reported: ConversionProgress[] = [];
    await watched(await place(archive), (progress) => reported.push(progress));
    const last = reported.filter(({ doneBytes }) => doneBytes !== undefined).at(-1);
    expect(last).toEqual({
      stage: 'compress',
      message: 'converting the layers',
      doneBytes: archive.length,
      totalBytes: archive.length,
    });
  });

  test('is not read any further after Ctrl-C', async () => {
    const interruption = new AbortController();
    const interrupt = () => {
      interruption.abort(new InterruptedError('SIGINT'));
    };
    const converting = watched(await place(gzipSync(saved)), interrupt, interruption.signal);
    await expect(converting).rejects.toThrow(InterruptedError);
  });

  test('is rejected for another platform, now and after it was converted', async () => {
    const other = hostArchitecture === 'arm64' ? 'amd64' : 'arm64';
    const { make } = await place(gzipSync(saved));
    const platform = parsePlatform(`linux/${other}`);
    const source = async () => {
      const { record } = await make();
      return { ...parseSource(record?.source ?? '', '/'), platform } as MakeSifRequest['source'];
    };
    const refused = make({ source: await source(), force: true });
    await expect(refused).rejects.toThrow(UsageError);
    await expect(refused).rejects.toThrow(
      `is an image for linux/${hostArchitecture}, not for linux/${other}`,
    );
    await expect(make({ source: await source() })).rejects.toThrow(`not for linux/${other}`);
  });

  test('is converted again for the other of two platforms', async () => {
    const both = dockerSave([
      { architecture: 's390x', layer: '\0'.repeat(1024) },
      { architecture: hostArchitecture, layer: '\0'.repeat(1536) },
    ]);
    const { make, file } = await place(gzipSync(both));
    expect((await make()).record?.image.architecture).toBe(hostArchitecture);
    const source = { kind: 'docker-archive', file, platform: parsePlatform('linux/s390x') } as const;
    expect((await make({ source })).record?.image.architecture).toBe('s390x');
    expect((await make()).record?.image.architecture).toBe(hostArchitecture);
  });

  test('is rejected for Apptainer, which cannot read it', async () => {
    const { file } = await place(gzipSync(saved));
    const watch = { ...quiet, signal: new AbortController().signal };
    const reading = prepareRuntimeSource(
      await openSource({ kind: 'docker-archive', file }, testContext()),
      temporaryDirectory(),
      watch,
      testContext(),
    );
    await expect(reading).rejects.toThrow(`${file} is compressed by gzip, which Apptainer does not support`);
    await expect(reading).rejects.toMatchObject({
      fix: `convert it unchanged with --engine native, or decompress it with \`gzip -dc ${file} >image.tar\``,
    });
    const definition = path.join(path.dirname(file), 'x.def');
    await writeFile(definition, `Bootstrap: docker-archive\nFrom: image.tar.gz\n`);
    await expect(
      place(gzipSync(saved)).then(({ make }) => make({ source: parseSource(definition, '/') })),
    ).rejects.toThrow('which Apptainer does not support');
  });
});

describe('with two images in one file', () => {
  const [one, two] = layers.map((layer) => [layer]);
  const configs = [one, two].map((of = []) => JSON.stringify({ ...configOf(of), created: undefined }));
  const both = Buffer.concat([
    ...layers.flatMap((layer, at) => [
      tarEntry(`./${at}/layer.tar`, layer),
      tarEntry(`${at}.json`, configs[at] ?? ''),
    ]),
    tarEntry(
      './manifest.json',
      JSON.stringify(
        layers.map((_layer, at) => ({
          Config: `${at}.json`,
          RepoTags: [`lab/image:${at}`],
          Layers: [`${at}/layer.tar`],
        })),
      ),
    ),
    tarEnd,
  ]);

  test.each([':lab/image:0', ':lab/image:1'])('the named one is selected: %s', async (reference) => {
    const plain = await place(both, 'image.tar', reference);
    const compressed = await place(gzipSync(both), 'image.tar.gz', reference);
    await Promise.all([plain.make(), compressed.make()]);
    expect((await readFile(compressed.sif)).equals(await readFile(plain.sif))).toBe(true);
  });

  test.each([
    ['', 'contains 2 images: lab/image:0, lab/image:1'],
    [':lab/image:3', 'contains no image lab/image:3'],
  ])('none is selected by "%s"', async (reference, message) => {
    const { make } = await place(gzipSync(both), 'image.tar.gz', reference);
    await expect(make()).rejects.toThrow(UsageError);
    await expect(make()).rejects.toThrow(message);
  });
});

describe('an invalid archive is rejected, and nothing is left behind', () => {
  const damaged = Buffer.from(gzipSync(saved)).fill(0xaa, 150_000, 150_100);
  const wrongChecksum = gzipSync(saved);
  wrongChecksum.writeUInt32LE(0, wrongChecksum.length - 8);
  const xz = Buffer.concat([Buffer.from('fd377a585a000004', 'hex'), noise(600, 1)]);
  const bzip2 = Buffer.concat([Buffer.from('BZh91AY&SY'), noise(600, 1)]);
  const otherLayer = Buffer.from(saved);
  otherLayer.writeUInt8(otherLayer.readUInt8(100_000) ^ 1, 100_000);

  test.each<[string, Buffer, RegExp, RegExp]>([
    ['cut off', gzipSync(saved).subarray(0, 100_000), /image\.tar is damaged: its gzip cannot be/, /gzip -t/],
    ['cut off, with zstd', zstdCompressSync(saved).subarray(0, 100_000), /its zstd cannot be/, /zstd -t/],
    ['with other bytes in it', damaged, /image\.tar is damaged: /, /again/],
    ['with a wrong checksum', wrongChecksum, /its gzip cannot be/, /again/],
    ['of a tar that is cut off', gzipSync(saved.subarray(0, 200_000)), /is damaged: it is cut off/, /again/],
    [
      'of a tar that ends behind a layer',
      gzipSync(saved.subarray(0, saved.indexOf('index.json'))),
      /contains no manifest\.json/,
      /docker save/,
    ],
    ['of a damaged layer', gzipSync(otherLayer), /its layer \S+ has the digest/, /again/],
    ['of nothing', gzipSync(''), /image\.tar is empty: gzip had no input/, /docker save NAME/],
    ['of text', gzipSync('hello\n'.repeat(200)), /its content is not a tar archive/, /docker save/],
    ['twice over', gzipSync(gzipSync(saved)), /its content is not a tar archive/, /docker save/],
    [
      'of `docker export`',
      gzipSync(layerBytes([{ name: 'etc/apt/apt.conf.d/01autoremove', data: 'x' }])),
      /not one of `docker save`: it contains etc\/apt\/apt\.conf\.d\/01autoremove/,
      /docker save/,
    ],
    ['of xz', xz, /image\.tar is compressed by xz/, /`xz -dc \S+image\.tar >image\.tar`/],
    ['of bzip2', bzip2, /image\.tar is compressed by bzip2/, /`bzip2 -dc /],
    [
      'of a layer in xz',
      gzipSync(savedByDocker25(layers, tag, () => xz)),
      /is compressed by xz/,
      /docker load/,
    ],
    ['of a layer in bzip2', gzipSync(savedByDocker25(layers, tag, () => bzip2)), /by bzip2/, /docker load/],
  ])('%s', async (_what, archive, message, fix) => {
    const { exitCode, messages, left, outsideIsUntouched } = await convertMade(
      temporaryDirectory(),
      async (directory) => {
        await writeFile(path.join(directory, 'image.tar'), archive);
        return 'docker-archive:image.tar';
      },
    );
    expect({ messages: messages.join('\n'), left, outsideIsUntouched }).toEqual({
      messages: expect.stringMatching(message),
      left: [],
      outsideIsUntouched: true,
    });
    expect([1, 2]).toContain(exitCode);
    expect(messages.join('\n')).toMatch(fix);
  });
});

describe('an OCI archive that is compressed as a whole', () => {
  const oci = new OciBytes();
  const [one, two] = layers.map((layer) => oci.layered([layer]));
  const ofElsewhere = [layerBytes([{ name: 'elsewhere', data: noise(1000, 3) }])];
  const elsewhere = oci.layered(ofElsewhere, {
    config: { ...configOf(ofElsewhere), architecture: 's390x' },
  });
  if (one !== undefined && two !== undefined) {
    oci.add(oci.index([forPlatform(elsewhere, 's390x'), forPlatform(one)]), 'one').add(two, 'two');
  }
  const bothImages = oci.tar();

  test.each([
    ['image.tar.gz', gzipSync, saved, ''],
    ['image.tar.gz', gzipSync, bothImages, ':one'],
    ['image.tar.zst', zstdCompressSync, bothImages, ':two'],
  ])('gives the bytes of image.tar for %s', async (name, compress, archive, tag) => {
    const plain = await place(archive, 'image.tar', tag, 'oci-archive');
    const compressed = await place(compress(archive), name, tag, 'oci-archive');
    const [, { record }] = await Promise.all([plain.make(), compressed.make()]);
    expect(record?.identity.kind).toBe('compressed-oci-archive');
    expect((await readFile(compressed.sif)).equals(await readFile(plain.sif))).toBe(true);
    expect(await compressed.make()).toMatchObject({ state: 'up to date' });
  });

  test('is converted for another platform when that is requested', async () => {
    const { make, file } = await place(gzipSync(bothImages), 'image.tar.gz', ':one', 'oci-archive');
    await make();
    const platform = parsePlatform('linux/s390x');
    const source = { kind: 'oci-archive', file, tag: 'one', platform } as const;
    expect(await make({ source, dryRun: true })).toMatchObject({
      state: 'would be made',
      reason: `it was made for linux/${hostArchitecture}`,
    });
    expect((await make({ source })).record?.image.architecture).toBe('s390x');
    expect((await make()).record?.image.architecture).toBe(hostArchitecture);
    await expect(make({ source: { ...source, tag: 'two' }, force: true })).rejects.toThrow(
      'not for linux/s390x',
    );
  });

  test.each([
    ['without a tag that selects one of its images', bothImages, '', 'contains 2 images: one, two'],
    ['without this tag', bothImages, ':twe', 'contains no image twe'],
    [
      'of an old Docker',
      savedByDocker20(layers, tag),
      '',
      'is not an OCI archive: it contains no index.json',
    ],
    [
      'of something else',
      layerBytes([{ name: 'a/b/c/d', data: 'x' }]),
      '',
      'but not an OCI archive: it contains a/b/c/d',
    ],
    ['of text', Buffer.from('hello\n'.repeat(200)), '', 'its content is not a tar archive'],
  ])('is rejected %s', async (_what, archive, wanted, message) => {
    const { make, sif } = await place(gzipSync(archive), 'image.tar.gz', wanted, 'oci-archive');
    await expect(make()).rejects.toThrow(message);
    await expect(stat(sif)).rejects.toThrow('ENOENT');
  });

  test('is required uncompressed for Apptainer', async () => {
    const { file } = await place(gzipSync(saved));
    const watch = { ...quiet, signal: new AbortController().signal };
    const opened = await openSource({ kind: 'oci-archive', file }, testContext());
    await expect(
      prepareRuntimeSource(opened, temporaryDirectory(), watch, testContext()),
    ).rejects.toMatchObject({
      message: `${file} is compressed by gzip, which Apptainer does not support`,
      fix: `convert it unchanged with --engine native, or decompress it with \`gzip -dc ${file} >image.tar\``,
    });
  });
});
