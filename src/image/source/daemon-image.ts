import { findDockerEndpoint } from '../../docker/endpoint.ts';
import { inspectImage, saveImage, type DockerImage } from '../../docker/images.ts';
import type { Context } from '../../support/context.ts';
import { HpcGatError } from '../../support/errors.ts';
import { createInvalidTarError, readSaved } from './docker-save/docker-archive.ts';
import { applyIndexedPlatform } from './image-config.ts';
import type { LayeredImage } from './layers/layered-image.ts';
import { DockerSaveStream } from './docker-save/docker-save-stream.ts';
import type { OpenedDaemonImage } from './opened-source.ts';
import { formatSource, type DockerDaemonSource } from './source.ts';

/**
 * Finds an image of the daemon of this environment.
 *
 * @throws {UsageError} if there is no such image.
 * @throws {MissingToolError} {HpcGatError} if no daemon responds.
 */
export async function findDaemonImage(
  source: DockerDaemonSource,
  { env, signal }: Pick<Context, 'env' | 'signal'>,
): Promise<OpenedDaemonImage> {
  const { kind, name, platform } = source;
  const endpoint = await findDockerEndpoint(env);
  return { kind, source, endpoint, image: await inspectImage(endpoint, name, signal, platform) };
}

/** Returns an image of a Docker daemon, streamed like `docker save`. */
export function openDaemonImage({ source, endpoint, image }: OpenedDaemonImage): LayeredImage {
  const place = formatSource(source);
  const stream = `what the daemon sends of ${place}`;
  const saved = new DockerSaveStream({
    place,
    stream,
    createError: (held) => createInvalidTarError(stream, held),
  });
  return {
    place,
    isStream: true,
    layerCount: image.RootFS?.Layers.length ?? 0,
    totalBytes: image.Size,
    layers: async function* (reading) {
      const coming = await saveImage(endpoint, image, reading.signal);
      try {
        yield* saved.layers(coming, reading);
      } finally {
        coming.destroy();
      }
    },
    config: async () => {
      const { platform } = image;
      const { config } = await readSaved(
        {
          place,
          read: (name) => saved.description(name),
          missing: (name) =>
            new HpcGatError(`the daemon sent ${place} without its description ${name}`, { fix: again }),
        },
        { ...(platform !== undefined && { platform }) },
      );
      expectSame(config.rootfs.diff_ids, image, place);
      // The daemon's earlier description counts, because it includes the requested platform.
      return applyIndexedPlatform(config, platform);
    },
  };
}

const again = 'try again; if the error persists, check that `docker save` writes a complete image';

/** Checks the layers. The image cannot change under its id, but the request may have returned another image. */
function expectSame(diffIds: readonly string[], { RootFS }: DockerImage, place: string): void {
  const described = RootFS?.Layers ?? [];
  if (described.length > 0 && described.join() !== diffIds.join()) {
    throw new HpcGatError(`the daemon sent another image than it had described for ${place}`, { fix: again });
  }
}
