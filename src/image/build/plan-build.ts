import path from 'node:path';
import type { Project } from '../../config/load.ts';
import { findOwnProjectDirectory } from '../../support/files/project-directories.ts';
import { getTritonRelease, type TritonRelease } from '../../config/triton-releases.ts';
import { UsageError } from '../../support/errors.ts';
import { formatSource, parseSource } from '../source/source.ts';
import { type Base, parseBase } from './base.ts';

export type BuildTarget = 'server' | 'client';

/** Plan for one image, to be built by Docker or by Apptainer. */
export interface BuildPlan {
  readonly target: BuildTarget;
  readonly base: Base;
  /** Release of NVIDIA's base image; undefined for another base. */
  readonly release: TritonRelease | undefined;
  /** Absolute directory with everything that the definition file copies. */
  readonly directory: string;
  /** Additional files in it, by name; absolute paths. */
  readonly extraFiles: Readonly<Record<string, string>>;
  /** Values of the definition file's variables, besides the base. */
  readonly buildArguments: Readonly<Record<string, string>>;
  /** Tag of the result in Docker. */
  readonly dockerTag: string;
  /** Absolute path of the SIF that Apptainer writes. */
  readonly sif: string;
  readonly compression: string;
  readonly siteCompression: string | undefined;
  readonly blockSize: string;
  readonly platform: string | undefined;
  /** Registries that are accessed over http. */
  readonly plainHttpHosts: readonly string[];
}

/**
 * Plans the build of one image.
 *
 * @param executable absolute path of the self-contained hpc-gat; undefined if it is not available.
 * @throws {UsageError} for an unknown release, an unusable base, or a client without its file.
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
    directory: path.join(await findOwnProjectDirectory(root), 'build', target),
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
    throw new UsageError(
      'a client image contains the self-contained hpc-gat executable, but this installation is another one',
      {
        fix: 'run the self-contained executable, or set client.binary to it; `npm run dist` builds it',
      },
    );
  }
  return {
    ...common,
    base: parseBase(build.client.base, root),
    extraFiles: { 'hpc-gat': file },
    buildArguments: {},
  };
}

/** Returns the tag under which `make-sif` finds the image, if its source is Docker. */
function dockerTag(source: string | undefined, target: BuildTarget, root: string): string {
  const parsed = source === undefined ? undefined : parseSource(source, root);
  return parsed?.kind === 'docker-daemon' && !formatSource(parsed).includes('sha256:')
    ? parsed.name
    : `hpc-gat/${target}:latest`;
}
