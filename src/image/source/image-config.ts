import * as z from 'zod';
import { listed } from './description-json.ts';

const words = z
  // What a process gets as its arguments or environment holds no NUL.
  .array(z.string().regex(/^[^\0]*$/, 'holds a NUL'))
  .nullish();

/** The standard demands it; builders of minimal images forget it. */
const mayBeLeftOut = z
  .string()
  .nullish()
  .transform((text) => text ?? '');

/** The part of an image's configuration that matters here (OCI image-spec, config.md). */
export const imageConfigSchema = z.looseObject({
  architecture: mayBeLeftOut,
  os: mayBeLeftOut,
  variant: z.string().nullish(),
  /** RFC 3339. */
  created: z.string().nullish(),
  rootfs: z.looseObject({ diff_ids: listed(z.string()) }),
  config: z
    .looseObject({
      Env: words,
      Entrypoint: words,
      Cmd: words,
      Labels: z.record(z.string(), mayBeLeftOut).nullish(),
    })
    .nullish(),
});

export type ImageConfig = z.output<typeof imageConfigSchema>;

/** What an image runs, and with which settings. */
export interface ImageDescription {
  /** Go's name: amd64, arm64. */
  readonly architecture: string;
  readonly os: string;
  /** Of the architecture, where the image names one. */
  readonly variant?: string;
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  /** `NAME=VALUE`. */
  readonly env: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

export function describe({
  architecture,
  os,
  variant,
  config,
}: Pick<ImageConfig, 'architecture' | 'os' | 'variant' | 'config'>): ImageDescription {
  const { Entrypoint, Cmd, Env, Labels } = config ?? {};
  return {
    architecture,
    os,
    ...(typeof variant === 'string' && variant !== '' && { variant }),
    entrypoint: Entrypoint ?? [],
    cmd: Cmd ?? [],
    env: Env ?? [],
    labels: Labels ?? {},
  };
}
