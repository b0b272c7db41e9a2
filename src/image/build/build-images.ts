import type { Project } from '../../config/load.ts';
import type { Context } from '../../support/context.ts';
import { getSingleExecutable } from '../../support/processes/own-command.ts';
import { buildImage, type BuildOptions, type BuildReport } from './build-image.ts';
import { whyNoDocker } from './build-with-docker.ts';
import { type BuildPlan, type BuildTarget, planBuild } from './plan-build.ts';

export interface BuildImagesOptions extends Pick<BuildOptions, 'force' | 'dryRun'> {
  /** Told of each image as soon as it is there. */
  readonly onBuilt: (report: BuildReport) => void;
}

/**
 * The images that are meant by their name, or by none. The client's is left out where no run asks for it and what it would
 * be made of is not at hand.
 */
export function targetsOf(
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
    `no client image: client.where is ${client.where}, which needs none (hpc-gat build client says what one is made of)`,
  );
  return ['server'];
}

/**
 * Builds images of a project one after the other: with Docker where a daemon answers, else with Apptainer, unless
 * `build.with` says which. Nothing is built when one of them could not be planned.
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
    tellRelease(plan, context);
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
  const reason = await whyNoDocker(context);
  if (reason === undefined) {
    return 'docker';
  }
  context.output.info(`with Apptainer: ${reason}`);
  return 'apptainer';
}

/** What a host needs for it is known before anything is downloaded. */
function tellRelease({ release }: BuildPlan, { output }: Context): void {
  if (release !== undefined) {
    const { cuda, driver, dataCenterDrivers, url } = release;
    output.info(
      `Triton ${release.release} has CUDA ${cuda} and needs driver ${driver} or later; on data center GPUs ${dataCenterDrivers.join(', ')} or a later one of the same branch does (${url})`,
    );
  }
}
