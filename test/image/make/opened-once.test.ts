import { expect, test } from '@jest/globals';
import { readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createNativeEngine } from '../../../src/image/convert/native-engine.ts';
import type { SifEngine } from '../../../src/image/convert/engine.ts';
import { makeSif } from '../../../src/image/make/make-sif.ts';
import { parseSource, type ImageSource } from '../../../src/image/source/source.ts';
import { answerJson, fakeDaemon, imageId, inspectAnswer } from '../../docker/fake-daemon.ts';
import { fakeRegistry, reply } from '../../registry/fake-registry.ts';
import { testContext } from '../../support/context.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { layerBytes } from '../layer-bytes.ts';
import { configOf, OciBytes } from '../oci-bytes.ts';
import { savedByDocker25 } from '../saved-image.ts';

const layers = [layerBytes([{ name: 'a', data: 'a' }]), layerBytes([{ name: 'b', data: 'b' }])];

/** @param onConvert called between the identification of the image and its conversion. */
async function make(
  source: ImageSource,
  { onConvert = () => Promise.resolve(), onConverted = () => Promise.resolve(), env = {} } = {},
) {
  const own = testContext({ env });
  const native = createNativeEngine(own, { threads: 1 });
  const engine: SifEngine = {
    ...native,
    convert: async (request, watch) => {
      await onConvert();
      const converted = await native.convert(request, watch);
      await onConverted();
      return converted;
    },
  };
  return makeSif(
    {
      source,
      output: path.join(temporaryDirectory(), 'x.sif'),
      compression: { codec: 'zstd', level: 1 },
      blockBytes: 131_072,
    },
    engine,
    own,
  );
}

test('fetches the descriptions of an image in a registry once', async () => {
  const oci = new OciBytes();
  const { digest, size } = oci.layered(layers);
  const index = oci.blob({ manifests: [{ digest, size }] }, 'application/vnd.oci.image.index.v1+json');
  await using registry = await fakeRegistry((request, response) => {
    const wanted = request.url?.split('/').at(-1) ?? '';
    const body = oci.blobs.get(wanted === 'v1' ? index.digest : wanted);
    const mediaType = wanted === 'v1' ? index.mediaType : 'application/vnd.oci.image.manifest.v1+json';
    reply(response, body === undefined ? 404 : 200, body, { 'content-type': mediaType });
  });
  const { state } = await make({ kind: 'docker', name: `${registry.host}/lab/x:v1`, plainHttp: true });
  expect(state).toBe('made');
  expect(registry.asked.filter((request) => request.includes('/manifests/'))).toHaveLength(2);
  expect(new Set(registry.asked).size).toBe(registry.asked.length);
});

test('inspects an image of the daemon once before the conversion and once after it', async () => {
  const { rootfs } = configOf(layers) as { rootfs: { diff_ids: string[] } };
  const requests: string[] = [];
  await using daemon = await fakeDaemon((request, response) => {
    requests.push(request.replace(/^.*\//, ''));
    if (request.startsWith(`/images/${imageId}/get`)) {
      response.end(savedByDocker25(layers, 'x:1'));
    } else {
      answerJson(response, 200, inspectAnswer({ RootFS: { Type: 'layers', Layers: rootfs.diff_ids } }));
    }
  });
  const { state } = await make({ kind: 'docker-daemon', name: 'x:1' }, { env: { DOCKER_HOST: daemon.url } });
  expect(state).toBe('made');
  expect(requests).toEqual(['json', 'get', 'json']);
});

/** Writes an image to a file or a directory. @returns its source and the file that describes it */
async function written(kind: 'docker-archive' | 'oci-archive' | 'oci') {
  const oci = new OciBytes();
  oci.add(oci.layered(layers));
  if (kind === 'oci') {
    const directory = await oci.directory();
    return { source: { kind, file: directory } as const, described: path.join(directory, 'index.json') };
  }
  const file = path.join(temporaryDirectory(), 'image.tar');
  await writeFile(file, kind === 'oci-archive' ? oci.tar() : savedByDocker25(layers, 'x:1'));
  return { source: parseSource(`${kind}:${file}`, '/'), described: file };
}

test.each(['docker-archive', 'oci-archive', 'oci'] as const)(
  'reads the descriptions of an image from %s once before the conversion',
  async (kind) => {
    const { source, described } = await written(kind);
    const sound = await readFile(described);
    const unreadable = Buffer.from(sound.toString('latin1').replaceAll('{"', '!!'), 'latin1');
    const { atime, mtime } = await stat(described);
    // The final check would notice another time.
    await utimes(described, atime, mtime);
    const { state } = await make(source, {
      onConvert: () => writeFile(described, unreadable),
      onConverted: async () => {
        await writeFile(described, sound);
        await utimes(described, atime, mtime);
      },
    });
    expect(state).toBe('made');
  },
);

test.each(['docker-archive', 'oci-archive', 'oci'] as const)(
  'reports a source of kind %s that is rewritten before its conversion as changed, not as damaged',
  async (kind) => {
    const { source, described } = await written(kind);
    const other = new OciBytes();
    const files = [layerBytes([{ name: 'other', data: 'x'.repeat(10_000) }])];
    other.add(other.layered(files));
    const rewrite = async () => {
      if (kind === 'oci') {
        const directory = path.dirname(described);
        await rm(directory, { recursive: true });
        await rename(await other.directory(), directory);
      } else {
        await writeFile(described, kind === 'oci-archive' ? other.tar() : savedByDocker25(files, 'x:1'));
      }
    };
    await expect(make(source, { onConvert: rewrite })).rejects.toThrow('changed while it was converted');
  },
);

test('reports an archive that is removed before its conversion as missing', async () => {
  const { source, described } = await written('docker-archive');
  await expect(make(source, { onConvert: () => rm(described) })).rejects.toThrow(
    `there is no file ${described}`,
  );
});

test('reports why a conversion failed when the daemon then fails to describe the image again', async () => {
  let hasFailed = false;
  await using daemon = await fakeDaemon((request, response) => {
    if (request.startsWith(`/images/${imageId}/get`)) {
      hasFailed = true;
      response.end('not a tar'.repeat(100));
    } else if (hasFailed) {
      answerJson(response, 500, { message: 'out of order' });
    } else {
      answerJson(response, 200, inspectAnswer());
    }
  });
  await expect(
    make({ kind: 'docker-daemon', name: 'x:1' }, { env: { DOCKER_HOST: daemon.url } }),
  ).rejects.toThrow(/what the daemon sends of docker-daemon:x:1/);
});
