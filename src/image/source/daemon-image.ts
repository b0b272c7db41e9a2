import { findDockerEndpoint, type DockerEndpoint } from '../../docker/endpoint.ts';
import { inspectImage, saveImage, type DockerImage } from '../../docker/images.ts';
import type { Context } from '../../support/context.ts';
import { HpcGatError } from '../../support/errors.ts';
import { isZeroRecord, parseTarHeader, recordBytes } from '../tar/header.ts';
import { TarReader } from '../tar/reader.ts';
import { readSaved } from './docker-archive.ts';
import { digestInName } from './docker-manifest.ts';
import type { ArrivingLayer, LayeredImage, LayerReading } from './layered-image.ts';
import { checkStored, codecByStart, expectDigests, inflateLayer } from './inflate-layer.ts';
import type { DockerDaemonSource } from './source.ts';

/** Read at once from an entry of the stream. */
const pieceBytes = 1024 * 1024;
/** Larger than any description of an image; together, what may be held of them. */
const maxTextBytes = 16 * 1024 * 1024;
const maxTextsBytes = 64 * 1024 * 1024;

/**
 * Asks the daemon of this environment what it has under a name.
 *
 * @throws {UsageError} when there is no such image.
 * @throws {MissingToolError} {HpcGatError} when no daemon answers.
 */
export async function findDaemonImage(
  { name, platform }: DockerDaemonSource,
  { env, signal }: Pick<Context, 'env' | 'signal'>,
): Promise<{ endpoint: DockerEndpoint; found: DockerImage }> {
  const endpoint = await findDockerEndpoint(env);
  return { endpoint, found: await inspectImage(endpoint, name, signal, platform) };
}

/**
 * An image of a Docker daemon, as `docker save` streams it: before version 25 folders of layers by their ids, since then
 * blobs by their digests, sometimes compressed; Podman has an order of its own. What is what is known for certain from
 * the manifest alone, which comes last: layers are told from descriptions by their first bytes, and from one another
 * by their digests.
 *
 * @param image as the daemon describes it.
 */
export function daemonImage(endpoint: DockerEndpoint, image: DockerImage, place: string): LayeredImage {
  const texts = new Map<string, string>();
  return {
    place,
    isStream: true,
    layerCount: image.RootFS?.Layers.length ?? 0,
    totalBytes: image.Size,
    layers: async function* (reading) {
      const stream = await saveImage(endpoint, image, reading.signal);
      try {
        const tar = new TarReader(stream, `what the daemon sends of ${place}`);
        let textsBytes = 0;
        for (let entry = await tar.next(); entry !== undefined; entry = await tar.next()) {
          if (entry.kind !== 'file') {
            // Folders, and links between folders of the same layer, which came under its first name.
            continue;
          }
          const { name, sizeBytes } = entry;
          const start = await fill(tar, Buffer.alloc(Math.min(sizeBytes, recordBytes)));
          if (isLayer(start)) {
            const chunks = content(tar, start, sizeBytes);
            yield { ...arriving(place, name, chunks, start, reading), sizeBytes };
          } else if (sizeBytes <= maxTextBytes && textsBytes + sizeBytes <= maxTextsBytes) {
            const rest = await fill(tar, Buffer.alloc(sizeBytes - start.length));
            texts.set(name, Buffer.concat([start, rest]).toString('utf8'));
            textsBytes += sizeBytes;
          }
        }
      } finally {
        stream.destroy();
      }
    },
    config: async () => {
      const { config } = await readSaved(place, (name) => textOf(texts, name, place));
      expectSame(config.rootfs.diff_ids, image, place);
      return config;
    },
  };
}

/** An entry of a layer, or its end mark where it has no entry; a description is JSON, or a version number. */
function isLayer(start: Buffer): boolean {
  return (
    start.length === 0 ||
    codecByStart(start) !== 'none' ||
    (start.length === recordBytes && (isZeroRecord(start) || parseTarHeader(start) !== undefined))
  );
}

function arriving(
  place: string,
  name: string,
  chunks: AsyncIterable<Buffer>,
  start: Buffer,
  reading: LayerReading,
): Omit<ArrivingLayer, 'sizeBytes'> {
  let diffId = '';
  const digest = digestInName(name);
  const stored = { name, codec: codecByStart(start), chunks };
  const bytes = inflateLayer(place, stored, reading.onBytes, reading.signal, (found) => {
    expectDigests(place, { name, ...(digest !== undefined && { digest }) }, found);
    diffId = found.plain;
  });
  return {
    name,
    digest,
    bytes,
    check: () => checkStored(place, { name, digest: digest ?? '', chunks }, reading),
    diffId: () => diffId,
  };
}

/** Each piece holds until the next one is asked for. */
async function* content(tar: TarReader, start: Buffer, sizeBytes: number): AsyncGenerator<Buffer> {
  yield start;
  const left = sizeBytes - start.length;
  const buffer = Buffer.alloc(Math.min(left, pieceBytes));
  for (let done = 0; done < left; done += pieceBytes) {
    yield await fill(tar, buffer.subarray(0, left - done));
  }
}

async function fill(tar: TarReader, target: Buffer): Promise<Buffer> {
  if (!(await tar.readContent(target))) {
    target.fill(0);
  }
  return target;
}

function textOf(texts: ReadonlyMap<string, string>, name: string, place: string): string {
  const text = texts.get(name);
  if (text === undefined) {
    throw new HpcGatError(`${place} came without ${name}, which describes it`, { fix: again });
  }
  return text;
}

const again = 'start again; if it stays, see whether `docker save` writes a whole image';

/** The image cannot change under its id: but what was asked for by it may have been another one's. */
function expectSame(diffIds: readonly string[], { RootFS }: DockerImage, place: string): void {
  const described = RootFS?.Layers ?? [];
  if (described.length > 0 && described.join() !== diffIds.join()) {
    throw new HpcGatError(`${place} came as another image than the daemon had described`, { fix: again });
  }
}
