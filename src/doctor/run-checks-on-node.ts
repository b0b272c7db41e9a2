import * as z from 'zod';
import { createDirectives, findDirective } from '../slurm/directives.ts';
import { toClusterOption } from '../slurm/job-id.ts';
import { createSlurmError } from '../slurm/run-slurm.ts';
import { findRefusalFix } from '../slurm/explain-refusal.ts';
import { createFullRequest } from '../slurm/request-options.ts';
import { NotStartedError, runSmallJob } from '../slurm/small-job.ts';
import { renderTemplate } from '../render/template.ts';
import { expectSuccess } from '../support/processes/command.ts';
import { CommandFailedError, NotReadyError } from '../support/errors.ts';
import { getOwnCommand } from '../support/processes/own-command.ts';
import type { CheckContext } from './check.ts';
import type { CheckResult } from './run-checks.ts';

const jobMinutes = 5;
/** Time limit of the setup lines, which leaves time for the checks. */
const setupSeconds = 120;

/** Number of lines of output that the error shows when the setup lines fail. */
const maxReportLines = 5;

/** Fixes for the reasons that the script prints when the setup lines fail (templates/run/check-node.sh.hbs). */
const setupFixes: Readonly<Record<string, string>> = {
  'setup-ended':
    'correct that line, and leave out `exit`, `exec PROGRAM` and `set -e`: a run fails in the same way',
  'setup-syntax': 'correct the line that is named above: a run fails in the same way',
  'setup-expired':
    'execute the setup lines on a node of the partition, and correct or remove the one that does not end',
  'run-folder': 'free space there, or name another directory in TMPDIR',
  'no-temp': 'free space there, or report the node to the administrators',
};

export interface NodeRequest {
  readonly partition: string;
  /** Time limit in the queue, in milliseconds. */
  readonly waitMs: number;
  /** Arguments of `hpc-gat doctor` on the node. */
  readonly args: readonly string[];
}

const resultsSchema = z.array(
  z.object({
    check: z.string(),
    status: z.enum(['ok', 'note', 'warning', 'error']),
    message: z.string(),
    fix: z.string().optional(),
  }),
);

/**
 * Runs the checks on a compute node, in a small job that runs the same client after the setup lines of a run,
 * in the same directory.
 *
 * @throws {NotReadyError} with Slurm's reason when the job does not start in time; the job is canceled.
 * @throws {CommandFailedError} when Slurm refuses the job, the setup lines fail, or hpc-gat cannot run there.
 */
export async function runChecksOnNode(
  { context, settings, gpu }: CheckContext,
  { partition, waitMs, args }: NodeRequest,
): Promise<{ node: string; results: CheckResult[] }> {
  const { slurm } = settings;
  const directives = createDirectives({
    ...{ name: '', output: '', warnSeconds: 0, settings: slurm },
    // A partition for GPU jobs may reject a job that requests none.
    gpu: gpu || (partition === slurm.gpu.partition && partition !== slurm.partition),
  });
  const cluster = findDirective(directives, 'clusters');
  const request = createFullRequest([
    ...directives.filter(([name]) => name !== 'partition'),
    ['partition', partition],
  ]);
  const result = await runSmallJob(context, {
    options: [
      ...[...toClusterOption(cluster), ...request, '--nodes=1', '--ntasks=1', `--time=${jobMinutes}`],
      '--job-name=hpc-gat-doctor',
    ],
    command: ['bash', '-s', '--', ...getOwnCommand(), 'doctor', '--json', ...args],
    input: await renderTemplate('run/check-node.sh.hbs', { setup: settings.setup, setupSeconds }),
    cluster,
    waitMs,
    limitMs: jobMinutes * 60_000,
  }).catch((error: unknown) => {
    throw error instanceof NotStartedError
      ? new NotReadyError(`the job on ${partition} did not start within ${waitMs / 1_000} s: ${error.why}`, {
          fix: `${findPendingFix(error.why)}; the job was canceled`,
          cause: error,
        })
      : error;
  });
  const [node = '', ...rest] = result.stdout.split('\n');
  const reportLines = result.stderr.split('\n').filter((line) => !line.startsWith('srun: '));
  const reason = rest.join('').trim();
  const fix = setupFixes[reason];
  if (fix !== undefined) {
    const what = reason.startsWith('setup-')
      ? `the setup lines failed on ${node}`
      : `the setup lines could not be executed on ${node}`;
    throw new CommandFailedError(`${what}: ${reportLines.slice(-maxReportLines).join('\n')}`, {
      fix,
      cause: result,
    });
  }
  for (const line of reportLines) {
    const failure = /^note: (line \d+ of setup ended .*)/.exec(line)?.[1];
    if (failure !== undefined) {
      context.output.warn(`${node}: ${failure}`);
    }
  }
  const answer = resultsSchema.safeParse(parseJson(rest.join('\n')));
  if (!answer.success) {
    if (node === '') {
      const fix = await findRefusalFix(context, result.stderr, { partition, clusters: cluster });
      throw createSlurmError(result, `srun on ${partition}`, fix);
    }
    expectSuccess(result, `hpc-gat doctor on ${node}`);
    throw new CommandFailedError(`hpc-gat doctor on ${node} answered in an unknown format`, {
      cause: answer.error,
    });
  }
  return {
    node,
    results: answer.data.map(({ fix, ...rest }) => ({ ...rest, ...(fix !== undefined && { fix }) })),
  };
}

function findPendingFix(why: string): string {
  return /QOSMin|MinGRES|gres/i.test(why)
    ? 'this partition starts only jobs that request GPUs: add --gpu'
    : 'wait longer with --wait, or name another partition';
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
