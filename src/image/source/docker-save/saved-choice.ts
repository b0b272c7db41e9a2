import { HpcGatError } from '../../../support/errors.ts';
import type { ManifestImage } from './docker-manifest.ts';
import { chooseForPlatform, createNoSuchImageError, formatSome, type Candidate } from '../image-choice.ts';
import { applyIndexedPlatform, getPlatform, type ImageConfig } from '../image-config.ts';
import type { Platform } from '../platform.ts';
import type { SavedIndexEntry } from './saved-index.ts';
import type { DockerArchiveSource } from '../source.ts';

type ReadConfig = (image: ManifestImage) => Promise<{
  readonly digest: string;
  readonly config: ImageConfig;
  readonly indexed: Platform | undefined;
}>;

/**
 * Chooses the requested image of an archive of `docker save`: by digest, by name, else the only image or the only one
 * for the platform.
 *
 * @throws {UsageError} if it does not exist, or several remain.
 */
export async function chooseSaved(
  images: readonly ManifestImage[],
  index: readonly SavedIndexEntry[],
  file: string,
  { reference, digest, platform }: Pick<DockerArchiveSource, 'reference' | 'digest' | 'platform'>,
  readConfig: ReadConfig,
): Promise<ManifestImage> {
  const named =
    reference === undefined
      ? images
      : images.filter(({ RepoTags }) => RepoTags.map(shortenName).includes(shortenName(reference)));
  const wanted = onceEach(named);
  const [first, ...others] = wanted;
  if (first === undefined) {
    const names = images.flatMap(({ RepoTags }) => RepoTags);
    const content = names.length === 0 ? 'images without a name' : formatSome(names);
    throw createNoSuchImageError(file, { name: reference }, { names, content });
  }
  if (others.length === 0 && digest === undefined) {
    return first;
  }
  const candidates: Candidate<ManifestImage>[] = [];
  for (const image of wanted) {
    candidates.push(await candidateOf(image, images, readConfig));
  }
  if (digest === undefined) {
    return chooseForPlatform(candidates, { kind: 'docker-archive', file }, platform);
  }
  const configDigest = index.find(({ manifestDigest }) => manifestDigest === digest)?.configDigest ?? digest;
  const found = candidates.find((candidate) => candidate.digest === configDigest);
  if (found === undefined) {
    const names = candidates.flatMap((candidate) => candidate.names);
    const content = formatSome(candidates.map((one) => [...one.names, one.digest].join(' ')));
    throw createNoSuchImageError(file, { digest }, { names, content });
  }
  return found.image;
}

/** Shortens a name of Docker Hub: Podman saves `docker.io/library/x:1` where Docker saves `x:1`. */
function shortenName(name: string): string {
  return name.replace(/^(?:index\.)?docker\.io\/(?:library\/)?/, '');
}

/** Removes duplicates: an image may be listed under several names. */
function onceEach(images: readonly ManifestImage[]): readonly ManifestImage[] {
  return [...new Map(images.map((image) => [image.Config, image])).values()];
}

async function candidateOf(
  image: ManifestImage,
  images: readonly ManifestImage[],
  readConfig: ReadConfig,
): Promise<Candidate<ManifestImage>> {
  const names = images.filter(({ Config }) => Config === image.Config).flatMap(({ RepoTags }) => RepoTags);
  try {
    const { digest, config, indexed } = await readConfig(image);
    return { image, names, digest, platforms: [getPlatform(applyIndexedPlatform(config, indexed))] };
  } catch (error) {
    if (error instanceof HpcGatError) {
      // An unreadable image does not invalidate the others.
      return { image, names, digest: '', platforms: [] };
    }
    throw error;
  }
}
