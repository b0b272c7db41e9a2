import { UsageError } from '../../support/errors.ts';
import { findNearest } from '../../support/text/suggest.ts';
import { escape, toPrintable } from '../../support/text/printable.ts';
import { listBest, findBest, formatPlatform, hostPlatform, type Platform } from './platform.ts';

/** Image that may be selected. */
export interface Candidate<Image> {
  readonly image: Image;
  readonly names: readonly string[];
  /** Digest `sha256:...`, which also selects the image. */
  readonly digest: string;
  /** Platforms of the image: several for an index, none for an unreadable entry. */
  readonly platforms: readonly Platform[];
}

/** Archive or layout that contains the candidates, as the user names it. */
export interface ImageContainer {
  /** Scheme of the source: `oci`, `docker-archive`. */
  readonly kind: string;
  readonly file: string;
}

/**
 * Chooses the only image for the requested platform; the default is the platform of this host.
 *
 * @throws {UsageError} for none or several; the message lists a selector for each.
 */
export function chooseForPlatform<Image>(
  candidates: readonly Candidate<Image>[],
  container: ImageContainer,
  platform: Platform | undefined,
): Image {
  const wanted = platform ?? hostPlatform();
  const suiting = candidates.flatMap((candidate) => {
    const best = findBest(
      candidate.platforms.map((one) => ({ platform: one })),
      wanted,
    );
    return best === undefined ? [] : [{ candidate, platform: best.platform }];
  });
  const [first, ...others] = listBest(suiting, wanted);
  if (first === undefined) {
    throw new UsageError(`${container.file} contains no image for ${formatPlatform(wanted)}`, {
      fix: `it contains images for: ${formatPlatforms(candidates)}; select one with --platform`,
    });
  }
  if (others.length > 0) {
    throw ambiguous(
      [first, ...others].map(({ candidate }) => candidate),
      candidates,
      container,
    );
  }
  return first.candidate.image;
}

/** Highest number of images in a message. */
const maxListed = 5;

function formatPlatforms(candidates: readonly Candidate<unknown>[]): string {
  const platforms = candidates.flatMap(({ platforms: all }) =>
    all.length === 0 ? ['unknown'] : all.map((one) => formatPlatform(one) || 'unnamed'),
  );
  return formatSome([...new Set(platforms)]);
}

function ambiguous(
  suiting: readonly Candidate<unknown>[],
  candidates: readonly Candidate<unknown>[],
  { kind, file }: ImageContainer,
): UsageError {
  const isUnique = (name: string) => candidates.filter(({ names }) => names.includes(name)).length === 1;
  const listed = suiting.flatMap(({ names, digest }) => {
    const unique = names.filter(isUnique);
    return unique.length > 0 ? unique : [[...names, digest].join(' ')];
  });
  const selectors = suiting.map(({ names, digest }) => {
    const name = names.find(isUnique);
    return name === undefined ? `${kind}:${file}@${digest}` : `${kind}:${file}:${name}`;
  });
  return new UsageError(`${file} contains ${suiting.length} images: ${formatSome(listed)}`, {
    fix: `choose one: ${selectors.slice(0, maxListed).map(escape).join(' or ')}`,
  });
}

/** Images of an archive or a layout, as an error message lists them. */
interface ListedImages {
  readonly names: readonly string[];
  readonly content: string;
  /** Formats a name as the user writes it; unchanged if undefined. */
  readonly formatName?: (name: string) => string;
}

/** Creates the error for a selector that matches no image in `file`. The digest takes precedence over the name. */
export function createNoSuchImageError(
  file: string,
  { name, digest }: { readonly name?: string | undefined; readonly digest?: string | undefined },
  { names, content, formatName = (one) => one }: ListedImages,
): UsageError {
  const selector = digest ?? name;
  const nearest = digest !== undefined || name === undefined ? undefined : findNearest(name, names);
  return new UsageError(`${file} contains no image${selector === undefined ? '' : ` ${selector}`}`, {
    fix: nearest === undefined ? `it contains ${content}` : `did you mean ${formatName(nearest)}?`,
  });
}

export function formatSome(names: readonly string[]): string {
  const more = names.length - maxListed;
  return names.slice(0, maxListed).map(toPrintable).join(', ') + (more > 0 ? ` and ${more} more` : '');
}
