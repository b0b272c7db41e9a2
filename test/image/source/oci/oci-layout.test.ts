import { describe, expect, test } from '@jest/globals';
import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parsePlatform } from '../../../../src/image/source/platform.ts';
import { readOciLayout } from '../../../../src/image/source/oci/oci-layout.ts';
import { HpcGatError, UsageError } from '../../../../src/support/errors.ts';
import { temporaryDirectory } from '../../../support/temporary-directory.ts';
import { attestation, forPlatform, hostArchitecture, OciBytes } from '../../oci-bytes.ts';
import { dockerSave } from '../../tar-bytes.ts';

const blobOf = (digest: string) => path.join('blobs', digest.replace(':', '/'));

describe('an OCI layout', () => {
  test.each(['oci', 'oci-archive'] as const)('of one image is read as %s', async (kind) => {
    const bytes = new OciBytes();
    const image = bytes.image();
    bytes.add(image);
    const file = await (kind === 'oci' ? bytes.directory() : bytes.archive());
    const { image: read, blob } = await readOciLayout({ kind, file });
    expect(read).toMatchObject({ manifestDigest: image.digest, config: { config: { Cmd: ['true'] } } });
    expect(await blob(read.layers[0]?.digest ?? '')).toMatchObject({ sizeBytes: read.layers[0]?.size });
  });

  test('of several images selects the one of the tag, and lists them for a missing or wrong tag', async () => {
    const bytes = new OciBytes();
    const [one, two] = [bytes.image('one'), bytes.image('two')];
    const file = await bytes.add(one, 'v1').add(two, 'lab/image:two').directory();
    const read = (tag?: string) => readOciLayout({ kind: 'oci', file, ...(tag !== undefined && { tag }) });
    expect((await read('v1')).image.manifestDigest).toBe(one.digest);
    expect((await read('lab/image:two')).image.manifestDigest).toBe(two.digest);
    await expect(read()).rejects.toThrow('contains 2 images: v1, lab/image:two');
    await expect(read('lab/image:tow')).rejects.toMatchObject({
      fix: `did you mean oci:${file}:lab/image:two?`,
    });
  });

  test('of an image and its attachments selects the image', async () => {
    const bytes = new OciBytes();
    const image = bytes.image();
    const signature = { ...bytes.image('signature'), artifactType: 'application/vnd.example.signature.v1' };
    const read = async (file: string) => (await readOciLayout({ kind: 'oci', file })).image.manifestDigest;
    expect(await read(await bytes.add(signature).directory())).toBe(signature.digest);
    expect(await read(await bytes.add(image).directory())).toBe(image.digest);
  });

  test('with null fields in its index selects its image', async () => {
    const bytes = new OciBytes();
    const here = forPlatform(bytes.image('here'));
    const asOfGo = {
      ...here,
      annotations: { 'org.opencontainers.image.created': null },
      platform: { os: 'linux', architecture: hostArchitecture, variant: null },
    };
    const other = forPlatform(bytes.image('elsewhere'), 's390x');
    const file = await bytes.add(bytes.index([other, asOfGo])).directory();
    expect((await readOciLayout({ kind: 'oci', file })).image.manifestDigest).toBe(here.digest);
  });

  test('with nested indexes selects the image for this platform, past attestations', async () => {
    const bytes = new OciBytes();
    const [here, elsewhere] = [bytes.image('here'), bytes.image('elsewhere')];
    const platforms = bytes.index([
      attestation(bytes.image('signature')),
      forPlatform(elsewhere, 's390x'),
      forPlatform(here),
    ]);
    const file = await bytes.add(bytes.index([platforms]), 'v1').directory();
    expect((await readOciLayout({ kind: 'oci', file })).image.manifestDigest).toBe(here.digest);
  });

  test('selects the requested platform, with its usual variant unless one is named', async () => {
    const bytes = new OciBytes();
    const [plain, v8, v9] = [bytes.image('plain'), bytes.image('v8'), bytes.image('v9')];
    const platform = (variant: string) => ({ os: 'linux', architecture: 'arm64', variant });
    const index = bytes.index([
      forPlatform(plain, 's390x'),
      { ...v9, platform: platform('v9') },
      { ...v8, platform: platform('v8') },
    ]);
    const file = await bytes.add(index).directory();
    const read = async (wanted: string) =>
      (await readOciLayout({ kind: 'oci', file, platform: parsePlatform(wanted) })).image.manifestDigest;
    expect(await read('linux/s390x')).toBe(plain.digest);
    expect(await read('linux/arm64')).toBe(v8.digest);
    expect(await read('linux/aarch64/v8')).toBe(v8.digest);
    expect(await read('linux/arm64/v9')).toBe(v9.digest);
    await expect(read('linux/arm64/v7')).rejects.toThrow(/no image for linux\/arm64\/v7/);
  });

  test('without an image for this platform reports the platforms that it has', async () => {
    const bytes = new OciBytes();
    const file = await bytes.add(bytes.index([forPlatform(bytes.image(), 's390x')])).directory();
    await expect(readOciLayout({ kind: 'oci', file })).rejects.toMatchObject({
      message: expect.stringMatching(/no image for linux\//),
      fix: 'it contains images for: linux/s390x; select one with --platform',
    });
  });

  test('without images is reported as empty', async () => {
    const file = await new OciBytes().directory();
    await expect(readOciLayout({ kind: 'oci', file })).rejects.toMatchObject({
      message: expect.stringMatching(/contains no image$/),
      fix: 'it contains no images',
    });
  });

  test('with a changed manifest is reported as damaged', async () => {
    const bytes = new OciBytes();
    const image = bytes.image();
    const file = await bytes.add(image).directory();
    await writeFile(path.join(file, blobOf(image.digest)), '{}');
    const reading = readOciLayout({ kind: 'oci', file });
    await expect(reading).rejects.toThrow(HpcGatError);
    await expect(reading).rejects.toThrow(/is damaged: sha256:\w+ has the digest/);
  });

  test('without a blob is reported as incomplete', async () => {
    const bytes = new OciBytes();
    const image = bytes.image();
    const file = await bytes.add(image).directory();
    await rm(path.join(file, blobOf(image.digest)));
    await expect(readOciLayout({ kind: 'oci', file })).rejects.toThrow(
      /is incomplete: it does not contain the blob/,
    );
  });

  test('with a circular index is rejected', async () => {
    const bytes = new OciBytes();
    let index = bytes.index([bytes.image()]);
    for (let depth = 0; depth < 5; depth += 1) {
      index = bytes.index([index]);
    }
    const file = await bytes.add(index).directory();
    await expect(readOciLayout({ kind: 'oci', file })).rejects.toThrow('nested in a loop');
  });

  test.each([
    ['application/vnd.oci.image.layer.v1.tar+gzip+encrypted', /is encrypted/],
    ['application/vnd.oci.image.layer.v1.tar+xz', /is compressed by xz/],
    ['application/vnd.cncf.helm.chart', /not a file system layer/],
  ])('with layers of type %s is rejected', async (type, message) => {
    const bytes = new OciBytes();
    const file = await bytes.add(bytes.image('x', type)).directory();
    await expect(readOciLayout({ kind: 'oci', file })).rejects.toThrow(message);
  });

  test('is distinguished from a directory without an index and from an old archive of docker save', async () => {
    const file = path.join(temporaryDirectory(), 'old.tar');
    await writeFile(file, dockerSave());
    const reading = readOciLayout({ kind: 'oci-archive', file });
    await expect(reading).rejects.toThrow(UsageError);
    await expect(reading).rejects.toMatchObject({ fix: expect.stringContaining('docker-archive:') });
    await expect(readOciLayout({ kind: 'oci', file: temporaryDirectory() })).rejects.toThrow(
      /is not an OCI directory/,
    );
    await expect(readOciLayout({ kind: 'oci', file: '/nowhere' })).rejects.toThrow(/is not an OCI directory/);
  });
});
