import path from 'node:path';
import type { Project } from '../../config/load.ts';
import { getTritonRelease, type TritonRelease } from '../../config/triton-releases.ts';
import { UsageError } from '../../support/errors.ts';
import { formatSource, parseSource } from '../source/source.ts';
import { type Base, parseBase } from './base.ts';

export type BuildTarget = 'server' | 'client';

/** Everything about one image to be built, by Docker or by Apptainer. */
export interface BuildPlan {
  readonly target: BuildTarget;
  readonly base: Base;
  /** The release of NVIDIA's image that the base is; undefined for a base of the user's own. */
  readonly release: TritonRelease | undefined;
  /** Absolute directory with everything that the recipe copies. */
  readonly directory: string;
  /** Files that lie in it beside the recipe, by their names there; absolute. */
  readonly extraFiles: Readonly<Record<string, string>>;
  /** Values of the recipe's variables, beside the base. */
  readonly buildArguments: Readonly<Record<string, string>>;
  /** What Docker calls the result. */
  readonly dockerTag: string;
  /** Where Apptainer writes it; absolute. */
  readonly sif: string;
  readonly compression: string;
  readonly siteCompression: string | undefined;
  readonly blockSize: string;
  readonly platform: string | undefined;
  /** Registries that are reached over http. */
  readonly plainHttpHosts: readonly string[];
}

/**
 * @param executable the one self-contained hpc-gat, absolute; undefined where none is at hand.
 * @throws {UsageError} for a release that nothing is known of, an unusable base, a client without its file.
 */
export async function planBuild(
  { settings, siteCompression, root }: Project,
  target: BuildTarget,
  executable: string | undefined,
): Promise<BuildPlan> {
  const { build } = settings;
  const image = target === 'server' ? settings.image : settings.client.image;
  const release =
    target === 'server' && build.server.base === undefined
      ? await getTritonRelease(build.release)
      : undefined;
  const common = {
    target,
    release,
    directory: path.join(root, '.hpc-gat', 'build', target),
    dockerTag: dockerTag(image.source, target, root),
    sif: path.resolve(root, image.file),
    compression: image.compression,
    siteCompression,
    blockSize: image.blockSize,
    platform: image.platform,
    plainHttpHosts: settings.registry.plainHttp,
  };
  if (target === 'server') {
    const { base, requirements } = build.server;
    return {
      ...common,
      base: parseBase(base ?? `nvcr.io/nvidia/tritonserver:${release?.release}-py3`, root),
      extraFiles: requirements === undefined ? {} : { 'requirements.txt': path.resolve(root, requirements) },
      buildArguments: { PIP_INDEX_URL: build.packageIndex },
    };
  }
  const file = settings.client.binary === undefined ? executable : path.resolve(root, settings.client.binary);
  if (file === undefined) {
    throw new UsageError('a client image holds the one self-contained hpc-gat, and this is not it', {
      fix: 'call the self-contained file instead, or set client.binary to it; `npm run dist` makes it',
    });
  }
  return {
    ...common,
    base: parseBase(build.client.base, root),
    extraFiles: { 'hpc-gat': file },
    buildArguments: {},
  };
}

/** The name under which `make-sif` will look for it, where it looks in Docker. */
function dockerTag(source: string | undefined, target: BuildTarget, root: string): string {
  const parsed = source === undefined ? undefined : parseSource(source, root);
  return parsed?.kind === 'docker-daemon' && !formatSource(parsed).includes('sha256:')
    ? parsed.name
    : `hpc-gat/${target}:latest`;
}
