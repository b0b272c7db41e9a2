import type { Context } from '../../support/context.ts';
import { hashArchiveEnd } from './archive-file.ts';
import { applyIndexedPlatform, toImageDescription, type ImageDescription } from './image-config.ts';
import type { OciImage } from './oci/oci-image.ts';
import { openSource } from './open-source.ts';
import type { OpenedLayout, OpenedRegistryImage, OpenedSource } from './opened-source.ts';
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
  /** Descriptions that were read, for the conversion. */
  readonly opened: OpenedSource;
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
  const opened = await openSource(source, context);
  switch (opened.kind) {
    case 'definition': {
      // The description of the image is known only after the build.
      const { identifyDefinition } = await import('../build/definition/identify-definition.ts');
      const { rejectCompressedArchive } = await import('./compressed-archive.ts');
      const identified = await identifyDefinition(opened.source, async (base) => {
        await rejectCompressedArchive(base);
        return identifyImage(base, context);
      });
      return { ...identified, image: toImageDescription({ architecture: '', os: 'linux' }), opened };
    }
    case 'docker-daemon': {
      const { Id, Architecture, Os, Variant, Config, Size, platform } = opened.image;
      const described = { architecture: Architecture, os: Os, variant: Variant, config: Config };
      return {
        identity: { kind: opened.kind, imageId: Id },
        image: toImageDescription(applyIndexedPlatform(described, platform)),
        layersBytes: Size,
        opened,
      };
    }
    case 'compressed-archive': {
      const { fileBytes, modifiedNs } = opened.archive;
      return {
        identity: {
          kind:
            opened.source.kind === 'docker-archive' ? 'compressed-docker-archive' : 'compressed-oci-archive',
          fileBytes,
          modifiedNs,
          endSha256: await hashArchiveEnd(opened.archive),
        },
        layersBytes: Math.round(fileBytes * inflation),
        opened,
      };
    }
    case 'docker-archive': {
      const { fileBytes, modifiedNs, manifestSha256, layers, config } = opened.archive;
      return {
        identity: { kind: opened.kind, fileBytes, modifiedNs, manifestSha256 },
        image: toImageDescription(config),
        layersBytes: layers.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
        opened,
      };
    }
    case 'layout':
      return identifyOciImage(opened.layout.image, opened);
    case 'registry':
      return identifyOciImage(opened.image, opened);
  }
}

function identifyOciImage(
  { manifestDigest, config, layers }: OciImage,
  opened: OpenedLayout | OpenedRegistryImage,
): IdentifiedImage {
  return {
    identity: { kind: opened.source.kind, manifestDigest },
    image: toImageDescription(config),
    layersBytes: Math.round(layers.reduce((sum, { size }) => sum + size, 0) * inflation),
    opened,
  };
}
