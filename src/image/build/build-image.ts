import path from 'node:path';
import { formatBytes } from '../../support/text/amounts.ts';
import type { Context } from '../../support/context.ts';
import { chooseCompression } from '../convert/automatic-compression.ts';
import { parseBlockSize } from '../../formats/squashfs/block-size.ts';
import { formatResult } from '../make/format-result.ts';
import { createEngine } from '../convert/engines.ts';
import { makeSif } from '../make/make-sif.ts';
import { markPlainHttp } from '../source/plain-http.ts';
import { buildWithDocker, getDockerBuildArguments } from './build-with-docker.ts';
import { fillBuildDirectory } from './build-directory.ts';
import { selectPlatform } from '../make/requested-images.ts';
import type { BuildPlan } from './plan-build.ts';

export interface BuildOptions {
  readonly builder: 'docker' | 'apptainer';
  /** Additional arguments of `docker build`. */
  readonly dockerArguments: readonly string[];
  /** Replaces a SIF of other origin, and builds even if nothing has changed. */
  readonly force: boolean;
  readonly dryRun: boolean;
}

/** Result for one image. */
export interface BuildReport {
  readonly target: BuildPlan['target'];
  readonly builder: BuildOptions['builder'];
  readonly state: 'built' | 'up to date' | 'would be built';
  /** Source for `make-sif` if Docker built it, else the path of the SIF. */
  readonly image: string;
  /** One line for users. */
  readonly line: string;
}

/** Builds one image: in Docker under its tag, or with Apptainer as a SIF, which is not rebuilt if it is up to date. */
export async function buildImage(
  context: Context,
  plan: BuildPlan,
  options: BuildOptions,
): Promise<BuildReport> {
  return options.builder === 'docker' ? inDocker(context, plan, options) : asSif(context, plan, options);
}

async function inDocker(
  context: Context,
  plan: BuildPlan,
  { dockerArguments, dryRun }: BuildOptions,
): Promise<BuildReport> {
  const { target, dockerTag } = plan;
  const report = { target, builder: 'docker', image: `docker-daemon:${dockerTag}` } as const;
  if (dryRun) {
    const command = ['docker', ...getDockerBuildArguments(plan, dockerArguments, context.env)].join(' ');
    return { ...report, state: 'would be built', line: command };
  }
  await fillBuildDirectory(plan, context);
  context.output.info(`building ${dockerTag} on ${plan.base.dockerName ?? ''} with Docker`);
  const { id, sizeBytes } = await buildWithDocker(context, plan, dockerArguments);
  return { ...report, state: 'built', line: `${dockerTag}: ${formatBytes(sizeBytes)}, ${id}` };
}

async function asSif(
  context: Context,
  plan: BuildPlan,
  { force, dryRun }: BuildOptions,
): Promise<BuildReport> {
  const { target, base, sif } = plan;
  const report = { target, builder: 'apptainer', image: sif } as const;
  if (dryRun) {
    const line = `${sif}: would be built by Apptainer from ${base.bootstrap}:${base.from}`;
    return { ...report, state: 'would be built', line };
  }
  await fillBuildDirectory(plan, context);
  const definition = {
    kind: 'definition',
    file: path.join(plan.directory, `${target}.def`),
    buildArguments: { BOOTSTRAP: base.bootstrap, BASE: base.from, ...plan.buildArguments },
  } as const;
  const source = markPlainHttp(selectPlatform(definition, plan.platform), plan.plainHttpHosts);
  const request = {
    source,
    output: sif,
    compression: await chooseCompression(plan.compression, plan.siteCompression, context),
    blockBytes: parseBlockSize(plan.blockSize),
    force,
  };
  const result = await makeSif(request, await createEngine(source, {}, context), context);
  const state = result.state === 'made' ? 'built' : 'up to date';
  return { ...report, state, line: formatResult(result, context.cwd) };
}
