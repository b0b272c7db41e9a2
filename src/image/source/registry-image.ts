import type { Context } from '../../support/context.ts';
import { downloadBlob } from '../../registry/download.ts';
import { fetchManifest, fetchSmallBlob } from '../../registry/manifests.ts';
import { parseReference } from '../../registry/reference.ts';
import { openRegistry, type Registry } from '../../registry/registry.ts';
import { countBytes } from './count-bytes.ts';
import type { ConversionWatch } from '../engine.ts';
import type { PlaceBlob } from './layout-view.ts';
import { resolveImage, type OciImage } from './oci-image.ts';
import { manifestMediaTypes } from './oci-manifest.ts';
import type { RegistrySource } from './source.ts';

/**
 * Reads from a registry what it says of an image, not its layers.
 *
 * @throws {UsageError} when there is no such image, or none for this platform.
 * @throws {HpcGatError} when the registry refuses or fails.
 */
export async function readRegistryImage(
  { name, plainHttp = false }: RegistrySource,
  context: Pick<Context, 'env' | 'run' | 'signal'>,
): Promise<{ image: OciImage; registry: Registry }> {
  const { signal } = context;
  const registry = openRegistry(parseReference(name), plainHttp, context);
  const manifest = (reference: string) => fetchManifest(registry, reference, manifestMediaTypes, signal);
  const first = await manifest(registry.reference.reference);
  const image = await resolveImage(
    { mediaType: first.mediaType, digest: first.digest, size: first.bytes.length, annotations: {} },
    {
      place: `docker://${name}`,
      fix: 'push the image again',
      read: async ({ digest, mediaType }) => {
        if (digest === first.digest) {
          return first.bytes;
        }
        return (manifestMediaTypes as readonly string[]).includes(mediaType)
          ? (await manifest(digest)).bytes
          : fetchSmallBlob(registry, digest, signal);
      },
    },
  );
  return { image, registry };
}

/**
 * The same, with the way to its layers.
 *
 * @returns `placeLayer` downloads a layer to a file that is not there yet; every digest once.
 */
export async function openRegistryImage(
  source: RegistrySource,
  onProgress: ConversionWatch['onProgress'],
  context: Pick<Context, 'env' | 'run' | 'clock' | 'signal'>,
): Promise<{ image: OciImage; placeLayer: PlaceBlob }> {
  const { image, registry } = await readRegistryImage(source, context);
  const sizes = new Map(image.layers.map(({ digest, size }) => [digest, size]));
  const totalBytes = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  const onBytes = countBytes(onProgress, 'fetch', 'downloading the layers', totalBytes);
  return {
    image,
    placeLayer: (digest, file) =>
      downloadBlob(registry, { digest, size: sizes.get(digest) ?? 0 }, file, onBytes, context),
  };
}

/** The name of an image by its manifest instead of its tag. */
export function pinnedName(name: string, manifestDigest: string): string {
  return `${name.replace(/@.*$/, '').replace(/:[^:/]+$/, '')}@${manifestDigest}`;
}
