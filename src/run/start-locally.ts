import type { Project } from '../config/load.ts';
import { createBashEnvironment } from '../support/processes/bash-environment.ts';
import type { Context } from '../support/context.ts';
import { expectSuccess } from '../support/processes/command.ts';
import { cleanUpRun } from './clean-up-run.ts';
import { getScriptOutcome, type Outcome } from './record/outcome.ts';
import { checkInputs, prepareRun, type RunOptions } from './prepare.ts';
import { followRun } from './record/follow-run.ts';
import { RunDirectory } from './record/run-directory.ts';
import { TolerantReader } from './report-deadline.ts';
import { warnOfOpenPorts } from './security.ts';
import { getRunState } from './record/state.ts';

const pollMs = 200;
/** Time limit from the start of bash to the script's first record. */
const firstRecordMs = 30_000;

/**
 * Starts a server on this node that continues in a separate session, and waits until its model is ready. When
 * `context.signal` aborts before that, everything is ended and the signal's reason is thrown.
 *
 * @returns the outcome when the run ended before the model was ready; undefined when it is ready
 * @throws {UsageError} when an input of the run is missing.
 */
export async function startLocally(
  context: Context,
  project: Project,
  { hostname, ...options }: Omit<RunOptions, 'kind' | 'serve'> & { readonly hostname: string },
): Promise<{ record: RunDirectory; outcome: Outcome | undefined }> {
  const { plan, script } = await prepareRun(project, { ...options, kind: 'local', serve: true }, context);
  await checkInputs(plan, context);
  warnOfOpenPorts(plan, context.output);
  const record = await RunDirectory.create(plan, script);
  await launch(context, record);
  try {
    return { record, outcome: await waitUntilReady(context, record, hostname) };
  } catch (error) {
    context.output.info('ending what was started');
    const uninterrupted = { ...context, signal: AbortSignal.timeout(2 * firstRecordMs) };
    await waitUntilRecorded(uninterrupted, record);
    await cleanUpRun(uninterrupted, record, { dryRun: false, hostname });
    throw error;
  }
}

/**
 * Starts the script in a new session, detached from this process: neither Ctrl-C nor the end of this process
 * reaches it.
 */
async function launch(context: Context, record: RunDirectory): Promise<void> {
  const line = 'exec bash "$1" </dev/null >"$2" 2>&1';
  const result = await context.run(
    'setsid',
    ['--fork', 'bash', '--norc', '-c', line, 'start', record.file('batch.sh'), record.file('batch.log')],
    { env: createBashEnvironment(context.env) },
  );
  expectSuccess(result, 'starting the script');
}

async function waitUntilReady(
  context: Context,
  record: RunDirectory,
  hostname: string,
): Promise<Outcome | undefined> {
  const progress = followRun(record, context.output);
  const startMs = context.clock.now().getTime();
  const reader = new TolerantReader(context);
  /** Returns undefined while the run is neither ready nor ended. */
  const poll = async (): Promise<{ outcome: Outcome | undefined } | undefined> => {
    await progress.poll();
    const ended = await record.ended();
    if (ended !== undefined) {
      await progress.finish();
      return { outcome: getScriptOutcome(ended) };
    }
    if ((await record.endpoint()) !== undefined) {
      await progress.finish();
      return { outcome: undefined };
    }
    const late = context.clock.now().getTime() - startMs > firstRecordMs;
    if (
      late &&
      !(await getRunState(context, record, hostname)).active &&
      (await record.ended()) === undefined
    ) {
      await progress.finish();
      return { outcome: getScriptOutcome({ exitCode: 1, reason: 'script-failed' }) };
    }
    return undefined;
  };
  for (;;) {
    const seen = await reader.attempt(poll);
    if (seen !== undefined) {
      return seen.outcome;
    }
    await context.clock.sleep(pollMs, context.signal);
  }
}

/** Waits until the script has recorded its process id, so that it can be ended. */
async function waitUntilRecorded(context: Context, record: RunDirectory): Promise<void> {
  const deadlineMs = context.clock.now().getTime() + firstRecordMs;
  while (
    (await record.resourceRecords()).length === 0 &&
    (await record.ended()) === undefined &&
    context.clock.now().getTime() < deadlineMs
  ) {
    await context.clock.sleep(pollMs, context.signal);
  }
}
