import { findDockerEndpoint } from '../docker/endpoint.ts';
import { inspectImage } from '../docker/images.ts';
import type { Context } from '../support/context.ts';
import { readDockerArchive } from './docker-archive.ts';
import { describe, type ImageDescription } from './image-config.ts';
import type { ImageSource } from './source.ts';

/** What tells one state of a source from another, without reading its layers. */
export type SourceIdentity =
  | { readonly kind: 'docker-daemon'; readonly imageId: string }
  | {
      readonly kind: 'docker-archive';
      readonly fileBytes: number;
      readonly modifiedNs: string;
      readonly manifestSha256: string;
    };

export interface IdentifiedImage {
  readonly identity: SourceIdentity;
  readonly image: ImageDescription;
  /** Bytes of the layers, about what an unpacked copy takes. */
  readonly layersBytes: number;
}

/**
 * Looks at the source as it is now.
 *
 * @throws {UsageError} when there is no such image.
 * @throws {MissingToolError} {HpcGatError} when it cannot be asked, or is damaged.
 */
export async function identify(
  source: ImageSource,
  { env, signal }: Pick<Context, 'env' | 'signal'>,
): Promise<IdentifiedImage> {
  if (source.kind === 'docker-daemon') {
    const found = await inspectImage(await findDockerEndpoint(env), source.name, signal);
    return {
      identity: { kind: source.kind, imageId: found.Id },
      image: describe(found.Architecture, found.Os, found.Config),
      layersBytes: found.Size,
    };
  }
  const archive = await readDockerArchive(source.file, source.reference);
  const { fileBytes, modifiedNs, manifestSha256, layers, config } = archive;
  return {
    identity: { kind: source.kind, fileBytes, modifiedNs, manifestSha256 },
    image: describe(config.architecture, config.os, config.config),
    layersBytes: layers.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
  };
}
