import type { Context } from '../../support/context.ts';
import { compressedFile, sha256OfEnd } from './archive-file.ts';
import { readDockerArchive } from './docker-save/docker-archive.ts';
import { asIndexed, describe, type ImageDescription } from './image-config.ts';
import type { OciImage } from './oci/oci-image.ts';
import { readOciLayout } from './oci/oci-layout.ts';
import type { RecipeIdentity } from '../build/definition/identify-definition.ts';
import type { ImageSource } from './source.ts';

/** What tells one state of a source from another, without reading its layers. */
export type SourceIdentity =
  | { readonly kind: 'docker-daemon'; readonly imageId: string }
  | {
      readonly kind: 'docker-archive';
      readonly fileBytes: number;
      readonly modifiedNs: string;
      readonly manifestSha256: string;
    }
  | {
      /** To find its manifest would be to inflate all of it. */
      readonly kind: 'compressed-docker-archive' | 'compressed-oci-archive';
      readonly fileBytes: number;
      readonly modifiedNs: string;
      /** Hexadecimal, of the last 64 KiB of the stored bytes. */
      readonly endSha256: string;
    }
  | {
      readonly kind: 'oci' | 'oci-archive' | 'docker';
      /** Of the image for this host's platform. */
      readonly manifestDigest: string;
    }
  | RecipeIdentity;

export interface IdentifiedImage {
  readonly identity: SourceIdentity;
  /** Undefined where only those know it who read all of the image. */
  readonly image?: ImageDescription;
  /** Bytes of the layers, about what an unpacked copy takes. */
  readonly layersBytes: number;
  /** The same image by a name that cannot come to mean another one meanwhile, where there is such a name. */
  readonly pinned?: ImageSource;
}

/** What compressed layers grow by; an estimate, for the warning of too little space. */
const inflation = 2.5;

/**
 * Looks at the source as it is now.
 *
 * @throws {UsageError} when there is no such image.
 * @throws {MissingToolError} {HpcGatError} when it cannot be asked, or is damaged.
 */
export async function identify(
  source: ImageSource,
  context: Pick<Context, 'env' | 'run' | 'clock' | 'signal'>,
): Promise<IdentifiedImage> {
  if (source.kind === 'docker') {
    const { pinnedName, readRegistryImage } = await import('./registry-image.ts');
    const { image } = await readRegistryImage(source, context);
    const pinned = { ...source, name: pinnedName(source.name, image.manifestDigest) };
    return { ...ociIdentity(source.kind, image), pinned };
  }
  if (source.kind === 'recipe') {
    // Only the result will say what the image is.
    const { identifyRecipe } = await import('../build/definition/identify-definition.ts');
    const { expectPlainArchive } = await import('./compressed-archive.ts');
    const recipe = await identifyRecipe(source, async (base) => {
      await expectPlainArchive(base);
      return identify(base, context);
    });
    return { ...recipe, image: describe({ architecture: '', os: 'linux' }) };
  }
  if (source.kind === 'docker-daemon') {
    const { findDaemonImage } = await import('./daemon-image.ts');
    const { found } = await findDaemonImage(source, context);
    return {
      identity: { kind: source.kind, imageId: found.Id },
      image: describe(
        asIndexed(
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
  const compressed = source.kind === 'oci' ? undefined : await compressedFile(source);
  if (compressed !== undefined) {
    const { fileBytes, modifiedNs } = compressed;
    return {
      identity: {
        kind: source.kind === 'docker-archive' ? 'compressed-docker-archive' : 'compressed-oci-archive',
        fileBytes,
        modifiedNs,
        endSha256: await sha256OfEnd(compressed),
      },
      layersBytes: Math.round(fileBytes * inflation),
    };
  }
  if (source.kind === 'docker-archive') {
    const archive = await readDockerArchive(source.file, source);
    const { fileBytes, modifiedNs, manifestSha256, layers, config } = archive;
    return {
      identity: { kind: source.kind, fileBytes, modifiedNs, manifestSha256 },
      image: describe(config),
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
    image: describe(config),
    layersBytes: Math.round(layers.reduce((sum, { size }) => sum + size, 0) * inflation),
  };
}
