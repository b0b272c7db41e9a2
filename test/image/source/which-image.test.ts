import { describe, expect, test } from '@jest/globals';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { identifyImage } from '../../../src/image/source/identify-image.ts';
import { hashBytes } from '../../../src/support/files/digest.ts';
import { answerJson, fakeDaemon, imageId, inspectAnswer } from '../../docker/fake-daemon.ts';
import { testContext } from '../../support/context.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { convertMade } from '../hostile/convert.ts';
import { layerBytes, type EntryBytes } from '../layer-bytes.ts';
import { hostArchitecture, OciBytes, type BlobDescriptor } from '../oci-bytes.ts';

const other = hostArchitecture === 'arm64' ? 'amd64' : 'arm64';
const otherUname = other === 'arm64' ? 'aarch64' : 'x86_64';

interface Described {
  /** CMD of the image, which identifies it in a test. */
  cmd: string;
  tags?: string[] | null;
  architecture?: string | null;
  os?: string | null;
}

/** Returns the parts of one image. */
function pieces({ cmd, architecture = hostArchitecture, os = 'linux' }: Described) {
  const layer = layerBytes([{ name: cmd, data: cmd }]);
  const rootfs = { type: 'layers', diff_ids: [`sha256:${hashBytes(layer)}`] };
  const config = JSON.stringify({ architecture, os, config: { Cmd: [cmd] }, rootfs });
  return { layer, config, digest: hashBytes(config) };
}

const hostImage: Described = { cmd: 'this', tags: ['x:1'] };
const otherImage: Described = { cmd: 'other', architecture: other, tags: ['x:1'] };

/** Returns an archive of `docker save`. */
function saved(images: readonly Described[], more: readonly EntryBytes[] = []): Buffer {
  const entries = images.flatMap((image): EntryBytes[] => {
    const { layer, config, digest } = pieces(image);
    return [
      { name: `${digest}.json`, data: config },
      { name: `${image.cmd}/layer.tar`, data: layer },
    ];
  });
  const manifest = images.map((image) => ({
    Config: `${pieces(image).digest}.json`,
    RepoTags: image.tags ?? null,
    Layers: [`${image.cmd}/layer.tar`],
  }));
  return layerBytes([...entries, ...more, { name: 'manifest.json', data: JSON.stringify(manifest) }]);
}

/** Converts, and returns the CMD of the image, or the error message. */
async function converted(
  write: (directory: string) => Promise<string>,
  flags: readonly string[] = [],
): Promise<{ cmd?: string; architecture?: string; messages: string }> {
  const parent = temporaryDirectory();
  const outcome = await convertMade(parent, write, flags);
  const [around = ''] = (await readdir(parent)).filter((name) => /^case-\w+$/.test(name));
  const project = path.join(parent, around, 'project');
  const messages = outcome.messages.join('\n').replaceAll(`${project}/`, '');
  if (outcome.exitCode !== 0) {
    return { messages };
  }
  const record = JSON.parse(await readFile(path.join(project, 'out.sif.json'), 'utf8')) as {
    image: { cmd: string[]; architecture: string };
  };
  return { cmd: record.image.cmd[0] ?? '', architecture: record.image.architecture, messages };
}

/** Converts an archive and its compressed copy, and checks that the results are equal. */
async function fromArchive(archive: Buffer, selector = '', flags: readonly string[] = []) {
  const from = (name: string, bytes: Buffer) => async (directory: string) => {
    await writeFile(path.join(directory, name), bytes);
    return `docker-archive:${name}${selector}`;
  };
  const plain = await converted(from('image.tar', archive), flags);
  const compressed = await converted(from('image.tar.gz', gzipSync(archive)), flags);
  expect({ ...compressed, messages: compressed.messages.replaceAll('.tar.gz', '.tar') }).toEqual(plain);
  return plain;
}

const untagged = (image: Described): Described => ({ ...image, tags: null });
const second: Described = { cmd: 'second', tags: null };

describe('with several images in an archive of docker save', () => {
  test.each<[string, Described[], string, string[], string]>([
    ['the only one for this platform is taken', [untagged(otherImage), untagged(hostImage)], '', [], 'this'],
    [
      'one for Windows is passed over',
      [{ ...untagged(otherImage), os: 'windows', architecture: hostArchitecture }, untagged(hostImage)],
      '',
      [],
      'this',
    ],
    [
      '--platform takes the one for it',
      [hostImage, otherImage],
      '',
      ['--platform', `linux/${other}`],
      'other',
    ],
    ['of one tag the one for this platform is taken', [otherImage, hostImage], ':x:1', [], 'this'],
    [
      'of one tag --platform takes the one for it',
      [hostImage, { ...otherImage, architecture: otherUname }],
      ':x:1',
      ['--platform', `linux/${other}`],
      'other',
    ],
    [
      'a digest takes its image',
      [untagged(hostImage), second],
      `@sha256:${pieces(second).digest}`,
      [],
      'second',
    ],
    [
      'a tag and a digest take their image',
      [hostImage, { ...second, tags: ['x:1'] }],
      `:x:1@sha256:${pieces(second).digest}`,
      [],
      'second',
    ],
  ])('%s', async (_what, images, selector, flags, cmd) => {
    expect((await fromArchive(saved(images), selector, flags)).cmd).toBe(cmd);
  });

  test('an ambiguous choice is reported with selectors that work', async () => {
    const archive = saved([untagged(hostImage), second, untagged(otherImage)]);
    const { messages } = await fromArchive(archive);
    expect(messages).toContain('contains 2 images: sha256:');
    const selectors = [...messages.matchAll(/docker-archive:image\.tar(@sha256:\w+)/g)].map(
      ([, found]) => found,
    );
    expect(selectors).toHaveLength(2);
    const found = [];
    for (const selector of selectors) {
      found.push((await fromArchive(archive, selector)).cmd);
    }
    expect(found).toEqual(['this', 'second']);
  });

  test('an unknown digest is rejected with the known ones', async () => {
    const { messages } = await fromArchive(saved([hostImage]), `@sha256:${'0'.repeat(64)}`);
    expect(messages).toMatch(/contains no image sha256:0+\n {2}fix: it contains x:1 sha256:\w+$/);
  });
});

describe('an archive of docker save', () => {
  const { layer, config, digest } = pieces(hostImage);
  const manifest = (entry: object): EntryBytes => ({ name: 'manifest.json', data: JSON.stringify([entry]) });
  const deep = 'some/deep/directory/of/images';

  test.each<[string, EntryBytes[]]>([
    [
      'that names its files with ./ and /',
      [
        { name: `./${digest}.json`, data: config },
        { name: '/layer.tar', data: layer },
        manifest({ Config: `/${digest}.json`, RepoTags: null, Layers: ['./layer.tar'] }),
      ],
    ],
    [
      'whose entries begin with ./',
      [
        { name: './', type: '5' },
        { name: './c.json', data: config },
        { name: './layer.tar', data: layer },
        { ...manifest({ Config: 'c.json', RepoTags: null, Layers: ['layer.tar'] }), name: './manifest.json' },
      ],
    ],
    [
      'with keys in other letter case',
      [
        {
          name: 'c.json',
          data: config.replace('"architecture"', '"Architecture"').replace('"rootfs"', '"RootFS"'),
        },
        { name: 'layer.tar', data: layer },
        manifest({ config: 'c.json', REPOTAGS: ['x:1'], layers: ['layer.tar'] }),
      ],
    ],
    [
      'with links for a layer, a directory and the configuration',
      [
        { name: 'blobs/layer', data: layer },
        { name: 'blobs/config', data: config },
        { name: 'link', type: '2', link: 'blobs' },
        { name: 'layer.tar', type: '2', link: 'link/layer' },
        { name: 'c.json', type: '1', link: 'blobs/config' },
        manifest({ Config: 'c.json', RepoTags: null, Layers: ['layer.tar'] }),
      ],
    ],
    [
      'with files in deep directories',
      [
        { name: `${deep}/VERSION`, data: '1.0' },
        { name: `${deep}/${digest}.json`, data: config },
        { name: `${deep}/layer.tar`, data: layer },
        manifest({ Config: `${deep}/${digest}.json`, RepoTags: null, Layers: [`${deep}/layer.tar`] }),
      ],
    ],
  ])('%s is converted', async (_what, entries) => {
    expect(await fromArchive(layerBytes(entries))).toEqual({
      cmd: 'this',
      architecture: hostArchitecture,
      messages: '',
    });
  });

  test('of Podman is found by the short name of Docker Hub', async () => {
    const full = { ...hostImage, tags: ['docker.io/library/x:1'] };
    expect((await fromArchive(saved([full, second]), ':x:1')).cmd).toBe('this');
    expect((await fromArchive(saved([hostImage, second]), ':docker.io/library/x:1')).cmd).toBe('this');
  });

  test('can have a volume label, but no damaged header', async () => {
    const archive = saved(
      [hostImage],
      [
        { name: 'label', type: 'V' },
        { name: 'listing', type: 'D', data: 'x' },
      ],
    );
    expect((await fromArchive(archive)).cmd).toBe('this');
    const damaged = saved([hostImage], [{ name: 'p', type: 'x', data: '99 path=x\n' }]);
    expect(
      (
        await converted(async (directory) => {
          await writeFile(path.join(directory, 'image.tar'), damaged);
          return 'docker-archive:image.tar';
        })
      ).messages,
    ).toMatch(/the pax header at byte \d+ cannot be read/);
  });

  test('is reported as an OCI archive when it is one', async () => {
    const archive = layerBytes([{ name: 'index.json', data: '{"manifests":[]}' }]);
    expect((await fromArchive(archive)).messages).toContain('write oci-archive:');
  });

  test('is rejected when its links form a circle', async () => {
    const circle = [
      { name: 'a', type: '2', link: 'b' },
      { name: 'b', type: '2', link: 'a' },
      manifest({ Config: 'a', RepoTags: null, Layers: [] }),
    ];
    expect((await fromArchive(layerBytes(circle))).messages).toMatch(
      /contains no a, which its manifest references/,
    );
  });

  test('is for the platform under which its own index lists the image', async () => {
    const oci = new OciBytes();
    const blob = oci.blob(config, 'application/vnd.oci.image.config.v1+json');
    const image = oci.blob({ schemaVersion: 2, config: blob, layers: [] }, '');
    const index = { manifests: [{ ...image, platform: { os: 'linux', architecture: otherUname } }] };
    const more = [...oci.blobs].map(([name, data]) => ({ name: `blobs/${name.replace(':', '/')}`, data }));
    const archive = saved([hostImage], [...more, { name: 'index.json', data: JSON.stringify(index) }]);
    expect(await fromArchive(archive, '', ['--platform', `linux/${other}`])).toMatchObject({
      cmd: 'this',
      architecture: other,
      messages: `warning: the configuration of the image names linux/${hostArchitecture}, but its index lists it for linux/${other}: it is converted for linux/${other}`,
    });
    expect((await fromArchive(archive, `@${image.digest}`)).messages).toContain(
      `is an image for linux/${other}`,
    );
  });
});

describe('with several entries in an OCI index', () => {
  const image = (bytes: OciBytes, described: Described, more: object = {}): BlobDescriptor => {
    const { layer, config } = pieces(described);
    return bytes.blob(
      {
        schemaVersion: 2,
        config: bytes.blob(config, 'application/vnd.oci.image.config.v1+json'),
        layers: [bytes.blob(layer, 'application/vnd.oci.image.layer.v1.tar')],
        ...more,
      },
      'application/vnd.oci.image.manifest.v1+json',
    );
  };
  /** Returns a manifest of an artifact that is not an image. */
  const artifact = (bytes: OciBytes, layerType: string, more: object = {}) =>
    bytes.blob(
      {
        schemaVersion: 2,
        config: bytes.blob('{}', 'application/vnd.oci.image.config.v1+json'),
        layers: [bytes.blob('{"about":"it"}', layerType)],
        ...more,
      },
      'application/vnd.oci.image.manifest.v1+json',
    );
  const host = (of: BlobDescriptor, architecture = hostArchitecture) => ({
    ...of,
    platform: { os: 'linux', architecture },
  });
  const named = (of: object, name: string) => ({
    ...of,
    annotations: { 'org.opencontainers.image.ref.name': name },
  });
  const from =
    (describe: (bytes: OciBytes) => unknown[], selector = '', isNested = false) =>
    async (directory: string) => {
      const bytes = new OciBytes();
      const entries = describe(bytes);
      const index = isNested ? [bytes.blob({ schemaVersion: 2, manifests: entries }, '')] : entries;
      await mkdir(path.join(directory, 'layout', 'blobs', 'sha256'), { recursive: true });
      await writeFile(
        path.join(directory, 'layout', 'index.json'),
        JSON.stringify({ schemaVersion: 2, manifests: index }),
      );
      for (const [digest, blob] of bytes.blobs) {
        await writeFile(path.join(directory, 'layout', 'blobs', digest.replace(':', '/')), blob);
      }
      return `oci:layout${selector}`;
    };
  const without = ({ digest, size }: BlobDescriptor) => ({ digest, size });

  test.each<[string, (bytes: OciBytes) => unknown[]]>([
    ['one without media types', (bytes) => [without(image(bytes, hostImage))]],
    [
      'those without media types and platforms are for what their configurations name',
      (bytes) => [without(image(bytes, otherImage)), without(image(bytes, hostImage))],
    ],
    [
      'one named by uname in capitals',
      (bytes) => [
        host(image(bytes, otherImage), otherUname.toUpperCase()),
        host(image(bytes, hostImage), hostArchitecture.toUpperCase()),
      ],
    ],
    [
      'one beside an entry whose system is null',
      (bytes) => [
        { ...image(bytes, otherImage), platform: { os: null, architecture: other } },
        host(image(bytes, hostImage)),
      ],
    ],
    [
      'one beside a digest by SHA-512',
      (bytes) => [
        { ...host(image(bytes, otherImage), other), digest: `sha512:${'0'.repeat(128)}` },
        host(image(bytes, hostImage)),
      ],
    ],
    [
      'one beside entries that are none',
      (bytes) => [
        null,
        'text',
        { size: 'large' },
        { ...host(image(bytes, hostImage)), size: null, annotations: 'no' },
      ],
    ],
    [
      'one beside a media type that nobody knows',
      (bytes) => [
        { ...image(bytes, second), mediaType: 'application/vnd.example.thing+json' },
        image(bytes, hostImage),
      ],
    ],
    [
      'one beside an entry whose blob is missing',
      (bytes) => [{ mediaType: '', digest: `sha256:${'1'.repeat(64)}`, size: 2 }, image(bytes, hostImage)],
    ],
    [
      'one beside signatures, attestations and SBOMs of cosign',
      (bytes) => {
        const of = image(bytes, hostImage);
        const tag = (suffix: string) => `${of.digest.replace(':', '-')}${suffix}`;
        return [
          named(artifact(bytes, 'application/vnd.dev.cosign.simplesigning.v1+json'), tag('.sig')),
          named(
            artifact(bytes, 'application/vnd.dsse.envelope.v1+json'),
            `registry.example/x:${tag('.att')}`,
          ),
          named(artifact(bytes, 'text/spdx+json'), tag('.sbom')),
          named(of, '1'),
        ];
      },
    ],
    [
      'one beside what is about it, by its subject and by its layers alone',
      (bytes) => {
        const of = image(bytes, hostImage);
        return [
          artifact(bytes, 'application/vnd.oci.image.layer.v1.tar', { subject: without(of) }),
          artifact(bytes, 'text/spdx+json'),
          image(bytes, second, { subject: without(of) }),
          of,
        ];
      },
    ],
    [
      'one beside what is about it and for the same platform',
      (bytes) => {
        const of = image(bytes, hostImage);
        return [
          host(artifact(bytes, 'application/vnd.in-toto+json', { subject: without(of) })),
          host(artifact(bytes, 'text/spdx+json')),
          host(of),
        ];
      },
    ],
    [
      'one beside an attestation of BuildKit',
      (bytes) => [
        host(image(bytes, hostImage)),
        {
          ...artifact(bytes, 'application/vnd.in-toto+json'),
          platform: { os: 'unknown', architecture: 'unknown' },
          annotations: { 'vnd.docker.reference.type': 'attestation-manifest' },
        },
      ],
    ],
    [
      'one with keys in other letter case',
      (bytes) => {
        const { mediaType, digest, size } = image(bytes, hostImage);
        return [
          {
            MediaType: mediaType,
            Digest: digest,
            SIZE: size,
            Platform: { OS: 'Linux', Architecture: hostArchitecture },
          },
        ];
      },
    ],
  ])('%s is converted', async (_what, describe) => {
    expect(await converted(from(describe))).toEqual({
      cmd: 'this',
      architecture: hostArchitecture,
      messages: '',
    });
    expect(await converted(from(describe, '', true))).toMatchObject({ cmd: 'this', messages: '' });
  });

  test('the index determines the platform of an image', async () => {
    const mixed = (bytes: OciBytes) => [
      host(image(bytes, hostImage), otherUname),
      host(image(bytes, otherImage)),
    ];
    const warning = (configured: string, listed: string) =>
      `warning: the configuration of the image names linux/${configured}, but its index lists it for linux/${listed}: it is converted for linux/${listed}`;
    for (const isNested of [false, true]) {
      expect(await converted(from(mixed, '', isNested))).toEqual({
        cmd: 'other',
        architecture: hostArchitecture,
        messages: warning(other, hostArchitecture),
      });
      expect(await converted(from(mixed, '', isNested), ['--platform', `linux/${other}`])).toEqual({
        cmd: 'this',
        architecture: other,
        messages: warning(hostArchitecture, other),
      });
    }
  });

  test('an ambiguous choice is reported with selectors that work', async () => {
    const several = (bytes: OciBytes) => [
      image(bytes, second),
      named(image(bytes, hostImage), '1'),
      image(bytes, otherImage),
    ];
    const { messages } = await converted(from(several));
    const selectors = [...messages.matchAll(/oci:layout([@:]\S+)/g)].map(([, found]) => found);
    const found = [];
    for (const selector of selectors) {
      found.push((await converted(from(several, selector))).cmd);
    }
    expect(found).toEqual(['second', 'this']);
  });

  test('an image in a nested index is found by its digest', async () => {
    const bytes = new OciBytes();
    const { digest } = image(bytes, otherImage);
    const nested = (to: OciBytes) => [host(image(to, hostImage)), host(image(to, otherImage), other)];
    const flags = ['--platform', `linux/${other}`];
    expect((await converted(from(nested, `@${digest}`, true), flags)).cmd).toBe('other');
    expect((await converted(from(nested, `@${digest}`, true))).messages).toContain(
      `--platform linux/${other}`,
    );
  });

  test('an image with non-distributable layers is converted when they are present', async () => {
    const foreign = (isThere: boolean) => (bytes: OciBytes) => {
      const { layer, config } = pieces(hostImage);
      const blob = bytes.blob(layer, 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip');
      const of = bytes.blob(
        { schemaVersion: 2, config: bytes.blob(config, ''), layers: [blob] },
        'application/vnd.oci.image.manifest.v1+json',
      );
      if (!isThere) {
        bytes.blobs.delete(blob.digest);
      }
      return [of];
    };
    expect((await converted(from(foreign(true)))).cmd).toBe('this');
    expect((await converted(from(foreign(false)))).messages).toMatch(
      /does not contain the blob sha256:\w+: the license of this layer/,
    );
  });
});

test('a file whose name contains a colon takes precedence over a reference', async () => {
  const archive = saved([hostImage]);
  const from =
    (name: string, selector = '') =>
    async (directory: string) => {
      await writeFile(path.join(directory, name), archive);
      return `docker-archive:${name}${selector}`;
    };
  expect((await converted(from('my.image:1.tar'))).cmd).toBe('this');
  expect((await converted(from('my.image:1.tar', ':x:1'))).cmd).toBe('this');
  expect((await converted(from('without:ending', ':x:1'))).cmd).toBe('this');
});

test('a daemon that has an image for a platform determines its platform', async () => {
  await using daemon = await fakeDaemon((asked, response) => {
    answerJson(
      response,
      200,
      inspectAnswer({ Id: asked.includes('?') ? `sha256:${'2'.repeat(64)}` : imageId }),
    );
  });
  const context = testContext({ env: { DOCKER_HOST: daemon.url } });
  const platform = { os: 'linux', architecture: 'arm64' };
  const { image } = await identifyImage({ kind: 'docker-daemon', name: 'x:1', platform }, context);
  expect(image).toMatchObject(platform);
});
