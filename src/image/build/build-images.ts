import type { Project } from '../../config/load.ts';
import type { Context } from '../../support/context.ts';
import { getSingleExecutable } from '../../support/processes/own-command.ts';
import { buildImage, type BuildOptions, type BuildReport } from './build-image.ts';
import { explainMissingDocker } from './build-with-docker.ts';
import { type BuildPlan, type BuildTarget, planBuild } from './plan-build.ts';

export interface BuildImagesOptions extends Pick<BuildOptions, 'force' | 'dryRun'> {
  /** Receives the report of each image when it is built. */
  readonly onBuilt: (report: BuildReport) => void;
}

/**
 * Returns the targets to build. For `all`, the client is omitted if no run requires it and the hpc-gat executable for
 * it is not available.
 */
export function selectTargets(
  what: BuildTarget | 'all',
  { settings: { client } }: Project,
  { output }: Pick<Context, 'output'>,
): BuildTarget[] {
  if (what !== 'all') {
    return [what];
  }
  if (client.where === 'image' || client.binary !== undefined || getSingleExecutable() !== undefined) {
    return ['server', 'client'];
  }
  output.info(
    `no client image: client.where is ${client.where}, which needs none (see hpc-gat build client --help)`,
  );
  return ['server'];
}

/**
 * Builds images of a project one after the other: with Docker if a daemon responds, else with Apptainer, unless
 * `build.with` is set. Nothing is built if one of them could not be planned.
 */
export async function buildImages(
  context: Context,
  project: Project,
  targets: readonly BuildTarget[],
  { onBuilt, ...options }: BuildImagesOptions,
): Promise<BuildReport[]> {
  const { build } = project.settings;
  const plans = await Promise.all(targets.map((target) => planBuild(project, target, getSingleExecutable())));
  const builder = build.with ?? (await chooseBuilder(context));
  const reports: BuildReport[] = [];
  for (const plan of plans) {
    printRelease(plan, context);
    const { dockerArguments } = build;
    const report = await buildImage(context, plan, { ...options, builder, dockerArguments });
    onBuilt(report);
    reports.push(report);
  }
  if (builder === 'docker' && !options.dryRun) {
    context.output.info(`next: ${reports.map(({ image }) => `hpc-gat make-sif ${image}`).join('; ')}`);
  }
  return reports;
}

async function chooseBuilder(context: Context): Promise<'docker' | 'apptainer'> {
  const reason = await explainMissingDocker(context);
  if (reason === undefined) {
    return 'docker';
  }
  context.output.info(`building with Apptainer: ${reason}`);
  return 'apptainer';
}

/** Prints the requirements of a Triton release before anything is downloaded. */
function printRelease({ release }: BuildPlan, { output }: Context): void {
  if (release !== undefined) {
    const { cuda, driver, dataCenterDrivers, url } = release;
    output.info(
      `Triton ${release.release} contains CUDA ${cuda} and needs driver ${driver} or later; data center GPUs also work with ${dataCenterDrivers.join(', ')} or a later driver of the same branch (${url})`,
    );
  }
}
