import path from 'node:path';
import type { Project } from '../../config/load.ts';
import { createDirectives } from '../../slurm/directives.ts';
import { planBinds } from './bind-plan.ts';
import { planClient } from './client-plan.ts';
import { planContainer } from './container-plan.ts';
import { planEnvironment } from './environment-plan.ts';
import { planModels } from './model-plan.ts';
import type { RunPlan } from './run-plan.ts';
import { checkServerArguments } from './server-arguments.ts';

export interface RunRequest {
  readonly project: Project;
  readonly kind: RunPlan['kind'];
  readonly serve: boolean;
  readonly gpu: boolean;
  readonly allowCpu: boolean;
  readonly id: string;
  readonly createdAt: Date;
  readonly version: string;
  /** Program and first arguments that start this package on this host. */
  readonly hostClient: readonly string[];
  readonly dockerHost?: string | undefined;
  /** Directory of this user's runs; default: `.hpc-gat/runs` of the project. */
  readonly runsDirectory?: string;
  /** Environment of the submitting process, of which only the variables that the settings name are used. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Resolves every value of a run; reads no files and starts no processes. */
export function planRun(request: RunRequest): RunPlan {
  const { project, id, kind, gpu } = request;
  const { settings, root } = project;
  checkServerArguments(settings);
  const repository = path.resolve(root, settings.model.repository);
  const runDirectory = path.join(request.runsDirectory ?? path.join(root, '.hpc-gat', 'runs'), id);
  const { models, serverArguments } = planModels(project);
  const binds = planBinds(project);
  return {
    schemaVersion: 1,
    id,
    createdAt: request.createdAt.toISOString(),
    version: request.version,
    kind,
    serve: request.serve,
    gpu,
    allowCpu: request.allowCpu,
    runDirectory,
    ...planContainer(project, {
      kind,
      serve: request.serve,
      gpu,
      mounts: [{ source: repository, destination: '/models', readOnly: true }, ...binds],
      dockerHost: request.dockerHost,
    }),
    repository,
    models,
    binds: binds.map(({ source }) => source),
    bindTargets: binds.map(({ destination }) => destination),
    ...planEnvironment(settings, request.environment),
    ...planClient(project, { runDirectory, repository, models }, request.hostClient),
    setup: settings.setup,
    serverArguments: [...serverArguments, ...settings.triton.arguments],
    security: settings.triton.security,
    http: settings.triton.http,
    metrics: settings.triton.metrics,
    limitSeconds: Math.ceil(settings.triton.serveHours * 3600),
    servedHost: settings.node.host,
    servedInterface: settings.node.interface ?? '',
    readySeconds: settings.triton.readySeconds,
    stopSeconds: settings.triton.stopSeconds,
    temp: settings.node.temp,
    tempFreeMiB: settings.node.tempFreeMiB,
    directives:
      kind === 'job'
        ? createDirectives({
            name: `hpc-gat-${id}`,
            output: path.join(runDirectory, 'batch.log'),
            gpu,
            warnSeconds: settings.triton.stopSeconds + 10,
            settings: settings.slurm,
          }).map(([name, value]) => [name, value])
        : [],
  };
}
