import * as z from 'zod';
import { gpuOptions } from '../config/schema.ts';
import { jobDirectives, valueOf } from '../slurm/directives.ts';
import { queryJob } from '../slurm/job.ts';
import { formatJobId } from '../slurm/job-id.ts';
import { runSlurm, slurmFailure } from '../slurm/command.ts';
import { fixOfRefusal } from '../slurm/refusal.ts';
import { expectSuccess } from '../support/command.ts';
import { CommandFailedError, NotReadyError } from '../support/errors.ts';
import { ownCommand } from '../support/own-command.ts';
import type { Patient } from './check.ts';
import type { Diagnosis } from './examine.ts';

const jobMinutes = 5;

export interface NodeRequest {
  readonly partition: string;
  /** How long the job may wait in the queue. */
  readonly waitMs: number;
  /** Of `hpc-gat doctor` over there. */
  readonly args: readonly string[];
}

const diagnosesSchema = z.array(
  z.object({
    check: z.string(),
    status: z.enum(['ok', 'note', 'warning', 'error']),
    message: z.string(),
    fix: z.string().optional(),
  }),
);

/** What a job is asked with: the same as a run's, but for what is about its script. */
const asked = new Set([
  ...['account', 'qos', 'constraint', 'reservation', 'cpus-per-task', 'mem', 'clusters', ...gpuOptions],
]);

/**
 * The same checks on a compute node, by a small job of the same client: after the setup lines of a run, from the same folder.
 *
 * @throws {NotReadyError} with Slurm's reason when the job does not start in time; it is cancelled.
 * @throws {CommandFailedError} when Slurm refuses it, or hpc-gat cannot run there.
 */
export async function examineOnNode(
  { context, settings, gpu }: Patient,
  { partition, waitMs, args }: NodeRequest,
): Promise<{ node: string; diagnoses: Diagnosis[] }> {
  const { slurm } = settings;
  const directives = jobDirectives({ name: '', output: '', gpu, warnSeconds: 0, settings: slurm });
  const clusters = valueOf(directives, 'clusters');
  const options = directives
    .filter(([name]) => asked.has(name))
    .map(([name, value]) => (value === true ? `--${name}` : `--${name}=${value}`));
  const giveUp = new AbortController();
  let jobId: string | undefined;
  let started = false;
  const running = runSlurm(
    { ...context, signal: AbortSignal.any([context.signal, giveUp.signal]) },
    'srun',
    [
      ...[...options, `--partition=${partition}`, '--nodes=1', '--ntasks=1', `--time=${jobMinutes}`],
      ...['--job-name=hpc-gat-doctor', 'bash', '-s', '--', ...ownCommand(), 'doctor', '--json', ...args],
    ],
    {
      input: [...settings.setup, 'hostname', 'exec "$@" </dev/null', ''].join('\n'),
      timeoutMs: waitMs + jobMinutes * 60_000,
      onStderrLine: (line) => {
        const [, number] = /job (\d+)/.exec(line) ?? [];
        jobId ??= number && formatJobId({ number, cluster: clusters });
      },
      onStdoutLine: () => {
        started = true;
      },
    },
  );
  const over = running.then(
    () => true,
    () => true,
  );
  const patience = new AbortController();
  const waited = context.clock
    .sleep(waitMs, AbortSignal.any([context.signal, patience.signal]))
    .then(() => started)
    .catch(() => over);
  const inTime = await Promise.race([over, waited]);
  // Else its timer would keep this process until then.
  patience.abort();
  if (!inTime) {
    const job = jobId === undefined ? undefined : await queryJob(context, jobId);
    giveUp.abort(new NotReadyError('waited long enough'));
    await over;
    throw new NotReadyError(
      `the job on ${partition} did not start within ${waitMs / 1000} s: ${job === undefined ? 'Slurm does not say why' : `${job.state} (${job.reason ?? 'no reason'})`}`,
      { fix: 'wait longer with --wait, or name another partition; the job was cancelled' },
    );
  }
  const result = await running;
  const [node = '', ...rest] = result.stdout.split('\n');
  const told = diagnosesSchema.safeParse(parseJson(rest.join('\n')));
  if (!told.success) {
    if (node === '') {
      const fix = await fixOfRefusal(context, result.stderr, { partition, clusters });
      throw slurmFailure(result, `srun on ${partition}`, fix);
    }
    expectSuccess(result, `hpc-gat doctor on ${node}`);
    throw new CommandFailedError(`hpc-gat doctor on ${node} answered in an unknown form`, {
      cause: told.error,
    });
  }
  return {
    node,
    diagnoses: told.data.map(({ fix, ...rest }) => ({ ...rest, ...(fix !== undefined && { fix }) })),
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
