import path from 'node:path';
import * as z from 'zod';
import type { Job } from '../slurm/job.ts';
import { parseJobId } from '../slurm/job-id.ts';
import { findDrainReason } from '../slurm/node.ts';
import type { Context } from '../support/context.ts';
import { ExitCode, HpcGatError } from '../support/errors.ts';
import { hasSpace } from '../support/files/file-access.ts';
import { getOwnUid } from '../support/own-account.ts';
import { listDirectory, readListedText } from '../support/files/shared-files.ts';
import { findSuspiciousLoginFile } from './login-files.ts';
import { explainCancellation, getJobOutcome, type Outcome } from './record/outcome.ts';
import type { RunDirectory } from './record/run-directory.ts';

interface EndedJob {
  readonly id: string;
  readonly job: Job;
}

/** Explains how a job ended whose script could not report, from Slurm, the node and the run's files. */
export async function explainEnd(context: Context, record: RunDirectory, ended: EndedJob): Promise<Outcome> {
  const names = await listDirectory(record.directory);
  const hasStarted = ['batch.log', 'events.jsonl'].some((name) => names.includes(name));
  const outcome = hasStarted ? undefined : await explainNoStart(context, record, ended);
  return outcome ?? (await addFullDisk(explainCancellation(ended.job) ?? getJobOutcome(ended.job), record));
}

/** Explains a job that was allocated a node, but whose script left no visible file. */
async function explainNoStart(
  context: Context,
  record: RunDirectory,
  { id, job }: EndedJob,
): Promise<Outcome | undefined> {
  const { state, nodes, canceledBy } = job;
  if (nodes === undefined || canceledBy === getOwnUid()) {
    return undefined;
  }
  if (state === 'FAILED') {
    return {
      exitCode: getJobOutcome(job).exitCode,
      message: `the job failed on ${nodes}, and no file of it is visible in ${record.directory}: the node probably does not see this directory; fix: put the project on a file system that the login and compute nodes share, for example your home`,
    };
  }
  if (state !== 'CANCELLED' || (canceledBy ?? 0) !== 0) {
    return undefined;
  }
  return (await explainProlog(context, nodes, parseJobId(id).cluster)) ?? explainLogin(nodes);
}

/** Explains a failed prolog: Slurm drains the node, and ends the job that was to start there. */
async function explainProlog(
  context: Context,
  node: string,
  cluster: string | undefined,
): Promise<Outcome | undefined> {
  const reason = await findDrainReason(context, node, cluster).catch((error: unknown) => {
    if (!(error instanceof HpcGatError)) {
      throw error;
    }
    return undefined;
  });
  return reason !== undefined
    ? {
        exitCode: ExitCode.commandFailed,
        message: `Slurm canceled the job before its script started: node ${node} could not start it and is drained (${reason}); fix: submit again, without that node: --sbatch exclude=${node}, and report the node to the administrators`,
      }
    : undefined;
}

async function explainLogin(node: string): Promise<Outcome> {
  return {
    exitCode: ExitCode.commandFailed,
    message: `Slurm canceled the job before its script started on ${node}: it probably could not load the environment of your login shell there (--export=NONE); ${await loginAdvice()}`,
  };
}

async function loginAdvice(): Promise<string> {
  return `see ${await findSuspiciousLoginFile()}, which must not exit, start another shell or wait when there is no terminal; fix: correct it, or submit with --sbatch export=NIL, which does not read it`;
}

/** Reasons for which Slurm holds a job that it could not start, until a user releases it. */
const failedStarts = /requeued held|launch failed|user env retrieval|JobHoldMaxRequeue|SPECIAL_EXIT/i;
/** Reasons for which a job never starts as it was requested. */
const neverStarts =
  /^(BadConstraints|DependencyNeverSatisfied|Invalid(Account|QOS)|AccountNotAllowed|PartitionTimeLimit|(QOS|Assoc)(Min\w+|Max\w+PerJob(Limit)?))$/i;

/** Explains why a pending job will not start; undefined for one that may start. */
export async function explainHold({ id, job }: EndedJob): Promise<Outcome | undefined> {
  const { state, reason: given = '' } = job;
  const reason = given.replaceAll('_', ' ');
  if (neverStarts.test(given)) {
    return {
      exitCode: ExitCode.commandFailed,
      message: `job ${id} cannot start as it was requested (${given}); fix: change the request, and submit again`,
    };
  }
  if (!failedStarts.test(reason) && !['SPECIAL_EXIT', 'REQUEUE_HOLD'].includes(state)) {
    return undefined;
  }
  const why = /user env/i.test(reason)
    ? `it could not load the environment of your login shell (--export=NONE); ${await loginAdvice()}`
    : 'a node failed to start it, for example in its prolog; `sinfo -R` names nodes out of use; fix: submit again, and report the node to the administrators';
  return {
    exitCode: ExitCode.commandFailed,
    message: `Slurm holds job ${id} (${reason === '' ? state : reason}): ${why}`,
  };
}

/** Explains a running job whose script has not started. */
export async function explainSlowStart({ id, job }: EndedJob): Promise<string> {
  return `job ${id} is ${job.state} on ${job.nodes ?? 'a node'}, and its script has not reported yet: the node may still run its prolog, or load the environment of your login shell; if that hangs, see ${await findSuspiciousLoginFile()}, or submit with --sbatch export=NIL`;
}

const resultSchema = z.object({ exitCode: z.number(), status: z.string() });

/**
 * Derives the outcome of a job that Slurm no longer knows from the files of its run; unknown if these do not
 * show it.
 */
export async function explainForgotten(record: RunDirectory, id: string): Promise<Outcome> {
  const forgotten = `Slurm no longer knows job ${id}: the cluster has no accounting, or does not keep ended jobs`;
  const text = await readListedText(path.join(record.directory, 'result.json'));
  const result = resultSchema.safeParse(parseJson(text ?? ''));
  if (result.success) {
    return {
      exitCode: result.data.exitCode,
      message: `the client test ended with "${result.data.status}", but the script has reported nothing since; ${forgotten}; fix: hpc-gat cleanup ${record.id}`,
    };
  }
  return {
    exitCode: ExitCode.commandFailed,
    message: `the outcome is unknown: ${forgotten}, and its script did not report its end; fix: read ${record.file('batch.log')}, then hpc-gat cleanup ${record.id}`,
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Adds to an outcome that the file system is full, which also prevents the script from reporting. */
async function addFullDisk(outcome: Outcome, { directory }: RunDirectory): Promise<Outcome> {
  return (await hasSpace(directory))
    ? outcome
    : {
        ...outcome,
        message: `${outcome.message}; no space is left for ${directory}; fix: free some space, or move the project`,
      };
}
