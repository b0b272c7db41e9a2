import { describe, expect, test } from '@jest/globals';
import { appendFile, chmod, chown, mkdir, readFile, readdir, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseCompression } from '../../../src/formats/squashfs/compression.ts';
import type { SifEngine } from '../../../src/image/convert/engine.ts';
import { makeSif } from '../../../src/image/make/make-sif.ts';
import type { MakeSifRequest, MakeSifResult } from '../../../src/image/make/request.ts';
import { readSifManifest } from '../../../src/image/make/sif-manifest.ts';
import { parseSource } from '../../../src/image/source/source.ts';
import { hashFile } from '../../../src/support/files/digest.ts';
import {
  CommandFailedError,
  HpcGatError,
  InterruptedError,
  UsageError,
} from '../../../src/support/errors.ts';
import { testContext } from '../../support/context.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { fakeEngine, soundSif, type FakeConversion } from './fake-engine.ts';
import { sifBytes } from '../sif-bytes.ts';
import { dockerSave } from '../tar-bytes.ts';

interface Place {
  directory: string;
  archive: string;
  sif: string;
  request: MakeSifRequest;
  make: (
    engine: SifEngine,
    changes?: Partial<MakeSifRequest>,
    signal?: AbortSignal,
  ) => Promise<MakeSifResult>;
  /** Lists the files beside the archive. */
  left: () => Promise<string[]>;
}

async function place(): Promise<Place> {
  const directory = temporaryDirectory();
  const archive = path.join(directory, 'image.tar');
  await writeFile(archive, dockerSave());
  const sif = path.join(directory, 'x.sif');
  const request: MakeSifRequest = {
    source: parseSource('docker-archive:image.tar', directory),
    output: sif,
    compression: parseCompression('zstd:3'),
    blockBytes: 128 * 1024,
  };
  return {
    directory,
    archive,
    sif,
    request,
    make: (engine, changes = {}, signal = new AbortController().signal) =>
      makeSif({ ...request, ...changes }, engine, testContext({ signal })),
    left: async () => (await readdir(directory)).filter((name) => name !== 'image.tar').sort(),
  };
}

describe('a conversion', () => {
  test('creates the SIF and its manifest, and nothing else', async () => {
    const { make, sif, left, archive } = await place();
    const engine = fakeEngine();
    const { state, record } = await make(engine);
    expect(state).toBe('made');
    expect(await left()).toEqual(['x.sif', 'x.sif.json']);
    expect(record).toMatchObject({
      schemaVersion: 1,
      source: `docker-archive:${archive}`,
      sha256: await hashFile(sif),
      sizeBytes: 40960,
      architecture: 'amd64',
      compression: 'zstd:3',
      blockSizeBytes: 131072,
      engine: { name: 'fake', version: '1.0' },
      image: { cmd: ['true'] },
    });
    expect(await readSifManifest(sif)).toEqual(record);
  });

  test('is skipped while nothing has changed', async () => {
    const { make, archive } = await place();
    const engine = fakeEngine();
    await make(engine);
    expect((await make(engine)).state).toBe('up to date');
    expect((await make(engine, { dryRun: true })).state).toBe('up to date');
    expect(engine.requests).toHaveLength(1);
    await writeFile(archive, dockerSave([{ layer: 'other' }]));
    expect(await make(engine, { dryRun: true })).toMatchObject({
      state: 'would be made',
      reason: 'the source has changed',
    });
    expect(await make(engine)).toMatchObject({ state: 'made', reason: 'the source has changed' });
    expect(engine.requests).toHaveLength(2);
  });

  test('is repeated for a SIF that others could have changed, whose manifest is ignored', async () => {
    const { make, sif } = await place();
    await make(fakeEngine());
    expect((await stat(sif)).mode & 0o022).toBe(0);
    await chmod(sif, 0o777);
    expect(await make(fakeEngine())).toMatchObject({
      state: 'made',
      reason: expect.stringMatching(/can be changed by everybody \(mode 0777\)/),
    });
    await chmod(`${sif}.json`, 0o666);
    await expect(make(fakeEngine())).rejects.toThrow(/has no manifest of make-sif/);
    if (process.getuid?.() === 0) {
      await chmod(`${sif}.json`, 0o644);
      await chown(sif, 54_321, 54_321);
      await expect(make(fakeEngine())).rejects.toMatchObject({
        exitCode: 2,
        message: `${sif} already exists, but it belongs to user 54321, so its content cannot be trusted`,
        fix: 'replace it with --force, or choose another file with -o FILE',
      });
    }
  });

  test.each<[string, Partial<MakeSifRequest>, RegExp]>([
    ['another compression', { compression: parseCompression('gzip:6') }, /made with zstd:3/],
    ['--force', { force: true }, /forced/],
  ])('is repeated for %s', async (_what, changes, reason) => {
    const { make } = await place();
    const engine = fakeEngine();
    await make(engine);
    const result = await make(engine, changes);
    expect(result.state).toBe('made');
    expect(result.reason).toMatch(reason);
  });

  test('by another engine is reused, unless an engine is requested', async () => {
    const { make } = await place();
    const other = { ...fakeEngine(), name: 'other' };
    await make(fakeEngine());
    expect(await make(other, { anyEngine: true })).toMatchObject({
      state: 'up to date',
      reason: 'the source has not changed since fake 1.0 converted it',
    });
    expect(await make(other)).toMatchObject({ state: 'made', reason: 'it was made by fake' });
  });

  test('is repeated when --verify finds damage that the size does not show', async () => {
    const { make, sif } = await place();
    const engine = fakeEngine();
    await make(engine);
    await writeFile(sif, sifBytes({ content: 'rot' }));
    expect((await make(engine)).state).toBe('up to date');
    expect(await make(engine, { verify: true })).toMatchObject({
      state: 'made',
      reason: 'its content is damaged',
    });
    expect((await make(engine, { verify: true })).state).toBe('up to date');
  });

  test('does not replace a file of other origin without --force', async () => {
    const { make, sif } = await place();
    await writeFile(sif, 'mine');
    await expect(make(fakeEngine())).rejects.toThrow(UsageError);
    expect(await readFile(sif, 'utf8')).toBe('mine');
    expect((await make(fakeEngine(), { force: true })).state).toBe('made');
  });

  test('works in --tmpdir, and publishes beside the output', async () => {
    const { make, left } = await place();
    const tempParent = temporaryDirectory();
    const engine = fakeEngine();
    await make(engine, { tempParent });
    expect(path.dirname(path.dirname(engine.requests[0]?.tempDir ?? ''))).toBe(tempParent);
    expect(await readdir(tempParent)).toEqual([]);
    expect(await left()).toEqual(['x.sif', 'x.sif.json']);
  });

  test('of the same output runs once when requested twice at the same time', async () => {
    const { make } = await place();
    const engine = fakeEngine(async (request) => {
      await delay(200);
      await soundSif(request);
    });
    const results = await Promise.all([make(engine), make(engine)]);
    expect(results.map(({ state }) => state).sort()).toEqual(['made', 'up to date']);
    expect(engine.requests).toHaveLength(1);
  });
});

describe('a failed conversion leaves the old SIF, or nothing', () => {
  const faults: [string, FakeConversion, RegExp, typeof HpcGatError][] = [
    [
      'the engine fails',
      () => Promise.reject(new CommandFailedError('no luck')),
      /no luck/,
      CommandFailedError,
    ],
    ['the engine writes nothing', () => Promise.resolve(), /image.sif does not exist/, HpcGatError],
    ['the engine writes garbage', ({ output }) => writeFile(output, 'garbage'), /not a SIF/, HpcGatError],
    [
      'the SIF is cut off',
      ({ output }) => writeFile(output, sifBytes().subarray(0, 38_000)),
      /truncated/,
      HpcGatError,
    ],
    [
      'the codec is another',
      ({ output }) => writeFile(output, sifBytes({ codecId: 1 })),
      /is compressed with gzip:3 instead of zstd:3/,
      HpcGatError,
    ],
    [
      'the level is another',
      ({ output }) => writeFile(output, sifBytes({ level: 15 })),
      /is compressed with zstd:15 instead of zstd:3/,
      HpcGatError,
    ],
    [
      'the architecture is another',
      ({ output }) => writeFile(output, sifBytes({ architecture: '04' })),
      /arm64/,
      HpcGatError,
    ],
    [
      'the disk is full',
      () => Promise.reject(new CommandFailedError('write: no space left on device')),
      /no space left in/,
      HpcGatError,
    ],
  ];

  test.each(faults)('%s', async (_what, convert, message, kind) => {
    const { make, left, sif } = await place();
    const failing = make(fakeEngine(convert));
    await expect(failing).rejects.toThrow(kind);
    await expect(failing).rejects.toThrow(message);
    expect(await left()).toEqual([]);

    await make(fakeEngine());
    const before = await readFile(sif);
    await expect(make(fakeEngine(convert), { force: true })).rejects.toThrow(kind);
    expect(await left()).toEqual(['x.sif', 'x.sif.json']);
    expect(await readFile(sif)).toEqual(before);
    expect((await make(fakeEngine())).state).toBe('up to date');
  });

  test('when the source changes in the meantime', async () => {
    const { make, left, archive } = await place();
    const engine = fakeEngine(async (request) => {
      await soundSif(request);
      await appendFile(archive, 'x');
    });
    await expect(make(engine)).rejects.toThrow(/changed while it was converted|damaged/);
    expect(await left()).toEqual([]);
  });

  test('when a directory takes the name in the meantime', async () => {
    const { make, left, sif } = await place();
    const engine = fakeEngine(async (request) => {
      await soundSif(request);
      await mkdir(sif);
    });
    await expect(make(engine)).rejects.toThrow(/x\.sif cannot be replaced: /);
    expect(await left()).toEqual(['x.sif']);
  });

  test('after Ctrl-C', async () => {
    const { make, left } = await place();
    const interruption = new AbortController();
    const engine = fakeEngine(async ({ tempDir }, { signal }) => {
      await mkdir(path.join(tempDir, 'rootfs', 'deep'), { recursive: true });
      interruption.abort(new InterruptedError('SIGINT'));
      signal.throwIfAborted();
    });
    await expect(make(engine, {}, interruption.signal)).rejects.toThrow(InterruptedError);
    expect(await left()).toEqual([]);
  });

  test.each([
    ['nowhere/x.sif', /the directory .*nowhere does not exist/],
    ['image.tar/x.sif', /the directory .* does not exist|Not a directory/i],
    ['.', /is a directory/],
  ])('when the output is %s', async (name, message) => {
    const { make, left, directory } = await place();
    const failing = make(fakeEngine(), { output: path.join(directory, name) });
    await expect(failing).rejects.toThrow(UsageError);
    await expect(failing).rejects.toThrow(message);
    expect(await left()).toEqual([]);
  });
});
