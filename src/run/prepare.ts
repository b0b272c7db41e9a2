import { access, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Project } from '../config/load.ts';
import { findDockerEndpoint } from '../docker/endpoint.ts';
import { requireImage } from '../docker/require-image.ts';
import { checkRepository } from '../model/check-repository.ts';
import { listGpuModels } from '../model/list.ts';
import { checkLinks, type LinkFinding } from '../model/check/links.ts';
import { type Finding, formatFinding, shortenPath } from '../model/finding.ts';
import type { Context } from '../support/context.ts';
import { UsageError } from '../support/errors.ts';
import { getOwnCommand } from '../support/processes/own-command.ts';
import { explainDirectoryConcern, isOwn } from '../support/files/ownership.ts';
import { getPackageVersion } from '../support/package/package-version.ts';
import { findOwnProjectDirectory } from '../support/files/project-directories.ts';
import { planContainerView } from './plan/container-view.ts';
import { refuseNodeLocalClient, refuseNodeLocalFiles } from './plan/node-local.ts';
import { listSecretNames } from './plan/environment-plan.ts';
import type { RunPlan } from './plan/run-plan.ts';
import { planRun } from './plan/plan-run.ts';
import { newRunId } from './plan/run-id.ts';
import { renderScript } from './plan/script.ts';
import { formatMistypedOptions, listLoadedModels } from './plan/server-arguments.ts';

export interface RunOptions {
  readonly kind: RunPlan['kind'];
  readonly gpu: boolean;
  readonly allowCpu: boolean;
  /** True to serve until the run is stopped or its time is over, instead of testing. */
  readonly serve: boolean;
  readonly id?: string | undefined;
}

export interface PreparedRun {
  readonly plan: RunPlan;
  readonly script: string;
}

/**
 * Plans a new run and renders its script, which `render` prints, `submit` submits and `run` executes.
 *
 * @throws {UsageError} when the id cannot be the name of a directory.
 */
export async function prepareRun(
  project: Project,
  options: RunOptions,
  { clock, env, output }: Pick<Context, 'clock' | 'env' | 'output'>,
): Promise<PreparedRun> {
  const createdAt = clock.now();
  const { id = newRunId(createdAt, Math.random) } = options;
  if (!/^[A-Za-z0-9][\w-]{0,39}$/.test(id)) {
    throw new UsageError(`"${id}" cannot be the id of a run`, {
      fix: 'use up to 40 letters, digits, dashes and underscores',
    });
  }
  const plan = planRun({
    project,
    ...options,
    id,
    createdAt,
    version: getPackageVersion(),
    hostClient: getOwnCommand(),
    runsDirectory: path.join(await findOwnProjectDirectory(project.root), 'runs'),
    dockerHost: project.settings.runtime === 'docker' ? (await findDockerEndpoint(env)).url : undefined,
    environment: env,
  });
  for (const name of listSecretNames(plan)) {
    output.warn(
      `${name} looks like a secret: its value is written to the script and to plan.json in the run's directory`,
    );
  }
  return { plan, script: await renderScript(plan) };
}

/**
 * Checks the inputs of a run before it waits in a queue. Mistakes in the model's directory are reported and
 * do not stop the run, because the server decides.
 *
 * @throws {UsageError} with the first missing input and its fix.
 * @throws {MissingToolError} for a run with Docker that cannot be used here.
 */
export async function checkInputs(plan: RunPlan, context: Context): Promise<void> {
  const { cwd, output } = context;
  for (const warning of formatMistypedOptions(plan.serverArguments)) {
    output.warn(warning);
  }
  if (plan.dockerHost !== undefined) {
    for (const image of [plan.image, plan.clientImage].filter((name) => name !== undefined)) {
      await requireImage(plan.dockerHost, image, context);
    }
  }
  const inputs = [
    ...(plan.runtime === 'docker'
      ? []
      : [
          {
            file: plan.image,
            what: 'image',
            fix: 'make it with `hpc-gat make-sif SOURCE`, or set image.file',
          },
        ]),
    ...(plan.clientFile === null
      ? []
      : [
          {
            file: plan.clientFile,
            what: `client ${plan.clientWhere}`,
            fix:
              plan.clientWhere === 'image'
                ? 'make it with `hpc-gat make-sif`, or set client.image.file'
                : 'set client.binary to a self-contained hpc-gat',
          },
        ]),
    { file: plan.repository, what: 'model repository', fix: 'set model.repository' },
    ...plan.models.map(({ name }) => ({
      file: path.join(plan.repository, name),
      what: `model "${name}"`,
      fix: 'set model.name to a directory of the model repository',
    })),
    ...plan.models.map(({ workload }) => ({
      file: workload,
      what: 'workload',
      fix: 'write one (docs/reference/workload.md), or set model.workload',
    })),
    ...plan.binds.map((file) => ({
      file,
      what: 'directory or file to bind',
      fix: 'create it, or remove it from binds',
    })),
  ];
  for (const { file, what, fix } of inputs) {
    try {
      await access(file);
    } catch (error) {
      throw new UsageError(`no ${what} at ${file}`, { fix, cause: error });
    }
  }
  await noteSharedProject(path.resolve(plan.runDirectory, '../../..'), output);
  if (plan.kind === 'job') {
    await refuseNodeLocalClient(plan);
    await refuseNodeLocalFiles(plan, context);
  }
  const links = await checkLinks(
    plan.repository,
    listLoadedModels(plan.serverArguments),
    planContainerView(plan, cwd),
  );
  rejectLinks(links, cwd);
  await rejectGpuModels(plan);
  const findings = await checkRepository(
    plan.repository,
    plan.models.map(({ name }) => name),
  );
  const isOfLink = ({ file }: Finding) => links.some((link) => link.file === file);
  const errors = findings.filter((finding) => finding.severity === 'error' && !isOfLink(finding));
  for (const finding of [...links, ...errors]) {
    const [what = '', ...fix] = formatFinding(finding, cwd);
    output.warn(what);
    fix.forEach((line) => {
      output.info(line);
    });
  }
}

/** Reports who can rename the directory of the runs, and so replace a run between its creation and its start. */
async function noteSharedProject(root: string, output: Context['output']): Promise<void> {
  const concern = await explainDirectoryConcern(root);
  if (concern !== undefined) {
    const fix = isOwn(await stat(root)) ? `chmod +t ${root}` : 'use a project in a directory of your own';
    output.info(`note: runs in ${root} can be replaced before they start, because ${concern}; fix: ${fix}`);
  }
}

/** Rejects models that require a GPU in a run without one: tritonserver would not start. */
async function rejectGpuModels(plan: RunPlan): Promise<void> {
  const hasGpu =
    plan.gpu || plan.containerArguments.some((argument) => /^--(?:nv|rocm|gpus|device)/.test(argument));
  const [first, ...others] = hasGpu
    ? []
    : await listGpuModels(plan.repository, listLoadedModels(plan.serverArguments));
  if (first !== undefined) {
    const names = [first, ...others].join(', ');
    throw new UsageError(`the instance_group of ${names} requires a GPU (KIND_GPU), but the run has none`, {
      fix: 'use --gpu, or write KIND_AUTO or KIND_CPU into config.pbtxt',
    });
  }
}

/** Rejects links with which the server cannot start; the run would otherwise wait until its deadline. */
function rejectLinks(links: readonly LinkFinding[], cwd: string): void {
  const certain = links.filter(({ isCertain }) => isCertain);
  const [first] = certain;
  if (first !== undefined) {
    const lines = certain.map(({ file, what }) => `${shortenPath(file, cwd)}: ${what}`);
    throw new UsageError(`the server could not read its model repository:\n  ${lines.join('\n  ')}`, {
      fix: first.fix,
    });
  }
}
