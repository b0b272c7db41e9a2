import type { Context } from '../../support/context.ts';
import { findCompressedArchive, hashArchiveEnd } from './archive-file.ts';
import { readDockerArchive } from './docker-save/docker-archive.ts';
import { applyIndexedPlatform, toImageDescription, type ImageDescription } from './image-config.ts';
import type { OciImage } from './oci/oci-image.ts';
import { readOciLayout } from './oci/oci-layout.ts';
import type { DefinitionIdentity } from '../build/definition/identify-definition.ts';
import type { ImageSource } from './source.ts';

/** Properties that distinguish two states of a source, without reading its layers. */
export type SourceIdentity =
  | { readonly kind: 'docker-daemon'; readonly imageId: string }
  | {
      readonly kind: 'docker-archive';
      readonly fileBytes: number;
      readonly modifiedNs: string;
      readonly manifestSha256: string;
    }
  | {
      /** Finding the manifest would require decompressing the whole file. */
      readonly kind: 'compressed-docker-archive' | 'compressed-oci-archive';
      readonly fileBytes: number;
      readonly modifiedNs: string;
      /** SHA-256 of the last 64 KiB of the stored bytes, in hexadecimal digits. */
      readonly endSha256: string;
    }
  | {
      readonly kind: 'oci' | 'oci-archive' | 'docker';
      /** Digest of the manifest for the requested platform. */
      readonly manifestDigest: string;
    }
  | DefinitionIdentity;

export interface IdentifiedImage {
  readonly identity: SourceIdentity;
  /** Undefined if it is known only after reading the whole image. */
  readonly image?: ImageDescription;
  /** Size of the layers, about that of an unpacked copy. */
  readonly layersBytes: number;
  /** Source of the same image under a name that cannot change, if there is one. */
  readonly pinned?: ImageSource;
}

/** Estimated growth when layers are decompressed, for the warning about disk space. */
const inflation = 2.5;

/**
 * Identifies the current state of a source.
 *
 * @throws {UsageError} if there is no such image.
 * @throws {MissingToolError} {HpcGatError} if the source cannot be queried, or is damaged.
 */
export async function identifyImage(
  source: ImageSource,
  context: Pick<Context, 'env' | 'run' | 'clock' | 'signal'>,
): Promise<IdentifiedImage> {
  if (source.kind === 'docker') {
    const { pinName, readRegistryImage } = await import('./registry-image.ts');
    const { image } = await readRegistryImage(source, context);
    const pinned = { ...source, name: pinName(source.name, image.manifestDigest) };
    return { ...ociIdentity(source.kind, image), pinned };
  }
  if (source.kind === 'definition') {
    // The description of the image is known only after the build.
    const { identifyDefinition } = await import('../build/definition/identify-definition.ts');
    const { rejectCompressedArchive } = await import('./compressed-archive.ts');
    const identified = await identifyDefinition(source, async (base) => {
      await rejectCompressedArchive(base);
      return identifyImage(base, context);
    });
    return { ...identified, image: toImageDescription({ architecture: '', os: 'linux' }) };
  }
  if (source.kind === 'docker-daemon') {
    const { findDaemonImage } = await import('./daemon-image.ts');
    const { found } = await findDaemonImage(source, context);
    return {
      identity: { kind: source.kind, imageId: found.Id },
      image: toImageDescription(
        applyIndexedPlatform(
          {
            architecture: found.Architecture,
            os: found.Os,
            variant: found.Variant,
            config: found.Config,
          },
          found.platform,
        ),
      ),
      layersBytes: found.Size,
    };
  }
  const compressed = source.kind === 'oci' ? undefined : await findCompressedArchive(source);
  if (compressed !== undefined) {
    const { fileBytes, modifiedNs } = compressed;
    return {
      identity: {
        kind: source.kind === 'docker-archive' ? 'compressed-docker-archive' : 'compressed-oci-archive',
        fileBytes,
        modifiedNs,
        endSha256: await hashArchiveEnd(compressed),
      },
      layersBytes: Math.round(fileBytes * inflation),
    };
  }
  if (source.kind === 'docker-archive') {
    const archive = await readDockerArchive(source.file, source);
    const { fileBytes, modifiedNs, manifestSha256, layers, config } = archive;
    return {
      identity: { kind: source.kind, fileBytes, modifiedNs, manifestSha256 },
      image: toImageDescription(config),
      layersBytes: layers.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    };
  }
  return ociIdentity(source.kind, (await readOciLayout(source)).image);
}

function ociIdentity(
  kind: 'oci' | 'oci-archive' | 'docker',
  { manifestDigest, config, layers }: OciImage,
): IdentifiedImage {
  return {
    identity: { kind, manifestDigest },
    image: toImageDescription(config),
    layersBytes: Math.round(layers.reduce((sum, { size }) => sum + size, 0) * inflation),
  };
}
