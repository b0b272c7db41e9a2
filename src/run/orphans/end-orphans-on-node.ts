import * as z from 'zod';
import type { CompleteSettings } from '../../config/defaults.ts';
import { createSlurmError } from '../../slurm/run-slurm.ts';
import { createDirectives, findDirective } from '../../slurm/directives.ts';
import { toClusterOption } from '../../slurm/job-id.ts';
import { listNodePartitions } from '../../slurm/node.ts';
import { createFullRequest, createSmallRequest } from '../../slurm/request-options.ts';
import { NotStartedError, runSmallJob } from '../../slurm/small-job.ts';
import type { Context } from '../../support/context.ts';
import { CommandFailedError } from '../../support/errors.ts';
import { getOwnCommand } from '../../support/processes/own-command.ts';

/** Memory request for Node; the last of several options counts. */
const memory = '--mem=1G';
/** Time limit in the queue for each of the two requests. */
const waitMs = 60_000;
const limitMs = 180_000;

const reportSchema = z.object({
  orphans: z.array(z.looseObject({ run: z.string(), done: z.string(), isLeft: z.boolean() })),
});

export type RemoteReport = z.output<typeof reportSchema>['orphans'][number];

/**
 * Cleans up orphans on a compute node, in a small job that runs the same client.
 *
 * @throws {CommandFailedError} when Slurm refuses the job, or hpc-gat cannot run there.
 */
export async function endOrphansOnNode(
  context: Context,
  settings: CompleteSettings,
  { node, args }: { readonly node: string; readonly args: readonly string[] },
): Promise<RemoteReport[]> {
  const { slurm } = settings;
  const plain = createDirectives({ name: '', output: '', warnSeconds: 0, settings: slurm, gpu: false });
  const cluster = findDirective(plain, 'clusters');
  const partitions = await listNodePartitions(context, node, cluster);
  const wanted = [slurm.partition, slurm.gpu.partition].find(
    (name) => name !== undefined && partitions.includes(name),
  );
  const partition = wanted ?? partitions[0];
  const gpu = partition !== undefined && partition === slurm.gpu.partition && partition !== slurm.partition;
  const directives = createDirectives({ name: '', output: '', warnSeconds: 0, settings: slurm, gpu });
  const placed = [
    ...directives.filter(([name]) => name !== 'partition'),
    ...(partition === undefined ? [] : [['partition', partition] as const]),
  ];
  let failure: unknown;
  // The smallest request fits beside other jobs; some partitions reject jobs without a GPU.
  for (const request of [[...createSmallRequest(placed), memory], createFullRequest(placed)]) {
    try {
      const options = [...toClusterOption(cluster), ...request, `--nodelist=${node}`];
      return await runOnNode(context, settings, { node, args, options, cluster });
    } catch (error) {
      if (!(error instanceof NotStartedError || error instanceof CommandFailedError)) {
        throw error;
      }
      failure ??= error;
    }
  }
  throw failure;
}

interface Request {
  readonly node: string;
  readonly args: readonly string[];
  readonly options: readonly string[];
  readonly cluster: string | undefined;
}

async function runOnNode(
  context: Context,
  { setup }: CompleteSettings,
  { node, args, options, cluster }: Request,
): Promise<RemoteReport[]> {
  const result = await runSmallJob(context, {
    options: [...options, '--nodes=1', '--ntasks=1', '--time=4', '--job-name=hpc-gat-cleanup'],
    command: ['bash', '--norc', '-s', '--', ...getOwnCommand(), 'cleanup', '--orphans', '--json', ...args],
    // The output of setup is not part of the report.
    input: ['exec 3>&1 >&2', ...setup, 'echo started >&3', 'exec "$@" </dev/null >&3 3>&-', ''].join('\n'),
    cluster,
    waitMs,
    limitMs,
  });
  const json = result.stdout.slice(result.stdout.indexOf('\n') + 1);
  const report = reportSchema.safeParse(parseJson(json));
  if (!report.success || result.exitCode !== 0) {
    throw createSlurmError(result, `hpc-gat cleanup on ${node}`);
  }
  return report.data.orphans;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
