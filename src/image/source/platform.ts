import { arch, endianness } from 'node:os';
import { HpcGatError, UsageError } from '../../support/errors.ts';
import { toPrintable } from '../../support/text/printable.ts';
import { isSifArchitecture } from '../../formats/sif/header.ts';

/** Platform of an image, with Go's names: `linux`, `arm64`, `v8` (OCI image-spec, image-index.md). */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string | undefined;
}

/**
 * Other names of architectures, with Go's name and variant: those of the kernel (uname), Node, Debian, Windows and
 * Docker Hub (containerd, platforms/database.go).
 */
const otherNames: Readonly<Record<string, string>> = {
  ...{ x86_64: 'amd64', 'x86-64': 'amd64', x64: 'amd64' },
  ...{ x86: '386', ia32: '386', i386: '386', i486: '386', i586: '386', i686: '386' },
  ...{ aarch64: 'arm64', arm64v8: 'arm64/v8', armv8: 'arm64/v8' },
  ...{ armv8l: 'arm/v8', armhf: 'arm/v7', armv7: 'arm/v7', armv7l: 'arm/v7', arm32v7: 'arm/v7' },
  ...{ armel: 'arm/v6', armv6: 'arm/v6', armv6l: 'arm/v6', arm32v6: 'arm/v6' },
  ...{ armv5: 'arm/v5', armv5l: 'arm/v5', armv5tel: 'arm/v5', armv5tejl: 'arm/v5', arm32v5: 'arm/v5' },
  ...{ ppc64el: 'ppc64le', powerpc64le: 'ppc64le', powerpc64: 'ppc64' },
};
/** Default variant of an architecture (containerd, platforms/database.go). */
const usualVariants: Readonly<Record<string, string>> = { amd64: 'v1', arm64: 'v8', arm: 'v7' };

/** Returns the platform of this process, which is the default platform of images. */
export function hostPlatform(): Platform {
  const name = arch();
  return {
    os: 'linux',
    architecture: name === 'ppc64' && endianness() === 'LE' ? 'ppc64le' : (otherNames[name] ?? name),
  };
}

/** Returns the platform in Go's names and in lower case: `Linux`, `X86_64` become `linux`, `amd64`. */
export function canonicalPlatform({ os, architecture, variant }: Platform): Platform {
  const name = architecture.toLowerCase();
  const [goName = name, usual] =
    (Object.hasOwn(otherNames, name) ? otherNames[name] : name)?.split('/') ?? [];
  const found = (variant ?? '') === '' ? usual : variant?.toLowerCase().replace(/^(?=\d)/, 'v');
  return { os: os.toLowerCase(), architecture: goName, ...(found !== undefined && { variant: found }) };
}

/**
 * Parses `linux/arm64` or `linux/arm/v7`, in the names that {@link canonicalPlatform} knows.
 *
 * @throws {UsageError} for anything else, and for a platform that the SIF format does not support.
 */
export function parsePlatform(text: string): Platform {
  const [, os = '', architecture = '', variant] = /^(\w+)\/([\w-]+)(?:\/(\w+))?$/.exec(text) ?? [];
  const platform = canonicalPlatform({ os, architecture, variant });
  if (platform.os === 'linux' && isSifArchitecture(platform.architecture)) {
    return platform;
  }
  throw new UsageError(`unknown platform "${text}"`, {
    fix: 'write linux/amd64, linux/arm64, linux/ppc64le or another OS/ARCHITECTURE[/VARIANT] of Linux',
  });
}

/** Formats a platform as {@link parsePlatform} parses it; the result is safe to print. */
export function formatPlatform({ os, architecture, variant = '' }: Platform): string {
  return toPrintable([os, architecture, variant].filter((part) => part !== '').join('/'));
}

/**
 * Returns whether an image is for the requested platform, or else for this host's. Missing fields of an image match
 * this host.
 */
export function matchesPlatform(image: Platform, requested: Platform | undefined): boolean {
  return suits(completePlatform(image), requested ?? hostPlatform());
}

function completePlatform(image: Platform): Platform {
  const host = hostPlatform();
  return {
    ...image,
    os: image.os === '' ? host.os : image.os,
    architecture: image.architecture === '' ? host.architecture : image.architecture,
  };
}

/**
 * Checks that an image is for the requested platform, as {@link matchesPlatform}.
 *
 * @throws {UsageError} if it is for another platform.
 * @throws {HpcGatError} if the SIF format does not support its platform.
 */
export function checkPlatform(image: Platform, requested: Platform | undefined, place: string): void {
  if (matchesPlatform(image, requested)) {
    return;
  }
  const [host, found] = [hostPlatform(), completePlatform(image)];
  if (!isSifArchitecture(found.architecture)) {
    throw new HpcGatError(
      `${place} is an image for ${toPrintable(found.architecture)}, which the SIF format does not support`,
    );
  }
  const [of, other] = [formatPlatform(found), formatPlatform(requested ?? host)];
  if (found.os !== 'linux') {
    throw new UsageError(`${place} is an image for ${of}, but Apptainer runs only Linux images`);
  }
  throw requested === undefined
    ? new UsageError(`${place} is an image for ${of}, but this host is ${other}`, {
        fix: `if the nodes are ${of}, set --platform ${of} or image.platform; otherwise name an image for ${other}`,
      })
    : new UsageError(`${place} is an image for ${of}, not for ${other}`, {
        fix: `name an image for ${other}, or omit --platform and image.platform`,
      });
}

/** Returns whether an image matches a platform; a platform without a variant matches all variants. */
function suits(image: Platform, wanted: Platform): boolean {
  return (
    image.os === wanted.os &&
    image.architecture === wanted.architecture &&
    (wanted.variant === undefined || isSameVariant(image, wanted))
  );
}

/** Returns whether two canonical platforms contradict each other; a missing field is not a contradiction. */
export function contradicts(one: Platform, other: Platform): boolean {
  return (['os', 'architecture', 'variant'] as const).some((key) => {
    const [left = '', right = ''] = [one[key], other[key]];
    return left !== '' && right !== '' && left !== right;
  });
}

/** Returns the best match for a platform: an architecture's default variant precedes the others. */
export function findBest<T extends ForPlatform>(images: readonly T[], wanted: Platform): T | undefined {
  return listBest(images, wanted)[0];
}

interface ForPlatform {
  readonly platform?: Platform | null | undefined;
}

/** Returns all images that match equally well, as {@link findBest} chooses. */
export function listBest<T extends ForPlatform>(images: readonly T[], wanted: Platform): T[] {
  const suiting = images.filter(({ platform }) => platform && suits(completePlatform(platform), wanted));
  const best = (suiting.find(({ platform }) => platform && isSameVariant(platform, wanted)) ?? suiting[0])
    ?.platform;
  return suiting.filter(({ platform }) => platform && best && isSameVariant(platform, best));
}

/** Returns whether two platforms of one architecture have the same variant, by default the usual one. */
function isSameVariant(one: Platform, other: Platform): boolean {
  return variantOf(one) === variantOf(other);
}

function variantOf({ architecture, variant = '' }: Platform): string | undefined {
  return variant === '' ? usualVariants[architecture] : variant;
}
