import * as z from 'zod';
import { goObjectSchema, listSchema } from './description-json.ts';
import { canonicalPlatform, contradicts, formatPlatform, type Platform } from './platform.ts';

// Arguments and environment variables cannot contain a NUL; Go decodes null as an empty text.
const word = z.preprocess((found) => found ?? '', z.string().regex(/^[^\0]*$/, 'contains a NUL'));
const words = z.array(word).nullish();
/** Schema of a command: a text is a list of one word, as in Docker (moby, strslice). */
const command = z.preprocess((found) => (typeof found === 'string' ? [found] : found), words).optional();

/** Schema of a text that the standard requires, but builders of minimal images omit. */
const mayBeLeftOut = z
  .string()
  .nullish()
  .transform((text) => text ?? '');

/** Schema of the relevant part of an image's configuration (OCI image-spec, config.md). */
export const imageConfigSchema = goObjectSchema({
  architecture: mayBeLeftOut,
  os: mayBeLeftOut,
  variant: z.string().nullish(),
  /** Time in the format of RFC 3339. */
  created: z.string().nullish(),
  rootfs: goObjectSchema({ diff_ids: listSchema(z.string()) }),
  config: goObjectSchema({
    Env: words,
    Entrypoint: command,
    Cmd: command,
    Labels: z.record(z.string(), mayBeLeftOut).nullish(),
  }).nullish(),
});

export type ImageConfig = z.output<typeof imageConfigSchema> & {
  /** Platform in the configuration, if an index lists the image for another one. */
  readonly overruledPlatform?: Platform;
};

type ConfiguredPlatform = Pick<ImageConfig, 'architecture' | 'os' | 'variant'>;

/** Returns the platform that a configuration names, in Go's terms, with empty fields where it names none. */
export function getPlatform({ os, architecture, variant }: ConfiguredPlatform): Platform {
  return canonicalPlatform({ os, architecture, ...(typeof variant === 'string' && { variant }) });
}

/**
 * Replaces the platform of a configuration by the one under which an index lists the image, because clients select by
 * the index.
 */
export function applyIndexedPlatform<Config extends ConfiguredPlatform>(
  config: Config,
  indexed: Platform | undefined,
): Config & Pick<ImageConfig, 'overruledPlatform'> {
  if (indexed === undefined) {
    return config;
  }
  const configured = getPlatform(config);
  const isOverruled = contradicts(configured, indexed);
  const { os, architecture, variant } = indexed;
  return {
    ...config,
    os: os || configured.os,
    architecture: architecture || configured.architecture,
    variant: variant ?? (isOverruled ? undefined : configured.variant),
    ...(isOverruled && { overruledPlatform: configured }),
  };
}

/** Formats a warning about an image whose index and configuration name different platforms; undefined if they agree. */
export function formatOverruledPlatform({ overruledPlatform, ...config }: ImageConfig): string | undefined {
  const platform = formatPlatform(getPlatform(config));
  return (
    overruledPlatform &&
    `the configuration of the image names ${formatPlatform(overruledPlatform)}, but its index lists it for ${platform}: it is converted for ${platform}`
  );
}

/** Programs that an image runs, and their settings. */
export interface ImageDescription {
  /** Architecture with Go's name: amd64, arm64. */
  readonly architecture: string;
  readonly os: string;
  /** Variant of the architecture, if the image names one. */
  readonly variant?: string;
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  /** Environment as `NAME=VALUE`. */
  readonly env: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

export function toImageDescription({
  config,
  ...platform
}: ConfiguredPlatform & Pick<ImageConfig, 'config'>): ImageDescription {
  const { Entrypoint, Cmd, Env, Labels } = config ?? {};
  const { os, architecture, variant = '' } = getPlatform(platform);
  return {
    architecture,
    os,
    ...(variant !== '' && { variant }),
    entrypoint: isReset(Entrypoint ?? []) ? [] : (Entrypoint ?? []),
    cmd: Cmd ?? [],
    env: Env ?? [],
    labels: Labels ?? {},
  };
}

/** Returns whether an Entrypoint is empty: `ENTRYPOINT [""]` resets the one of the base image (moby, daemon/create). */
function isReset(entrypoint: readonly string[]): boolean {
  return entrypoint.length === 1 && entrypoint[0] === '';
}
