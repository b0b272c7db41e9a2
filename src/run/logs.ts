import type { Context } from '../support/context.ts';
import { CommandFailedError } from '../support/errors.ts';
import { readListedText } from '../support/shared-files.ts';
import { LineFollower } from './record/follow-file.ts';
import type { RunRecord } from './record/run-directory.ts';
import { ReportDeadline, TolerantReader } from './report-deadline.ts';
import { mayComeBack } from './record/requeue.ts';
import { elsewhere, stateOfRun } from './record/state.ts';

export type LogKind = 'client' | 'server' | 'batch';

const filePollMs = 200;
/** Slurm and the process table are asked whether the run goes on, for scripts that could not say their last word. */
const statePollMs = { first: 2_000, factor: 1.3, longest: 15_000 };

export interface LogOptions {
  readonly kinds: readonly LogKind[];
  /** How many lines at the end of what is there; all of them without it. */
  readonly lines?: number | undefined;
}

export interface Log {
  readonly log: LogKind;
  readonly file: string;
  /** Null when it is not written yet. */
  readonly lines: readonly string[] | null;
}

/** What the logs of a run say now. */
export function readLogs(record: RunRecord, { kinds, lines }: LogOptions): Promise<Log[]> {
  return Promise.all(
    kinds.map(async (log) => {
      const file = record.file(`${log}.log`);
      const text = await readListedText(file);
      return { log, file, lines: text === undefined ? null : lastOf(text.trimEnd().split('\n'), lines) };
    }),
  );
}

/** Their lines, under a heading each when there are several. */
export function describeLogs(logs: readonly Log[]): string[] {
  return logs.flatMap(({ file, lines }) => [
    ...(logs.length > 1 ? [`==> ${file} <==`] : []),
    ...(lines ?? ['(not written yet)']),
  ]);
}

/**
 * Hands on the lines of a run's logs, those that are there and those that come, until the run has ended.
 *
 * @throws the signal's reason, at once, when `context.signal` aborts: the run goes on.
 */
export async function followLogs(
  context: Context,
  record: RunRecord,
  options: LogOptions & { readonly hostname: string; readonly onLine: (kind: LogKind, line: string) => void },
): Promise<void> {
  const { kinds, lines, onLine } = options;
  const followers = await Promise.all(
    kinds.map(async (kind) => {
      const early: string[] = [];
      let tell = (line: string): void => void early.push(line);
      const follower = new LineFollower(record.file(`${kind}.log`), (line) => {
        tell(line);
      });
      await follower.poll();
      tell = (line) => {
        onLine(kind, line);
      };
      lastOf(early, lines).forEach(tell);
      return follower;
    }),
  );
  const isOver = ending(context, record, options.hostname);
  const reader = new TolerantReader(context);
  const look = async (): Promise<boolean> => {
    if (await isOver()) {
      return true;
    }
    for (const follower of followers) {
      await follower.poll();
    }
    return false;
  };
  while ((await reader.attempt(look)) !== true) {
    await context.clock.sleep(filePollMs, context.signal);
  }
  for (const follower of followers) {
    await follower.finish();
  }
}

/** Tells, each time it is called, whether the run has ended: by its own last word, or because nothing of it goes on. */
function ending(context: Context, record: RunRecord, hostname: string): () => Promise<boolean> {
  const nowMs = () => context.clock.now().getTime();
  let intervalMs = statePollMs.first;
  let nextMs = 0;
  let isOver = false;
  const deadline = new ReportDeadline(context, record);
  return async () => {
    const { ended, plan } = await record.facts();
    if (ended !== undefined && !mayComeBack({ ended, plan })) {
      return true;
    }
    if (nowMs() >= nextMs) {
      isOver = !(await goesOn(context, record, hostname));
      nextMs = nowMs() + intervalMs;
      intervalMs = Math.min(intervalMs * statePollMs.factor, statePollMs.longest);
    }
    if (!isOver) {
      deadline.restart();
      return false;
    }
    return deadline.hasPassed(`run ${record.id} has ended`, { hasStarted: true });
  };
}

async function goesOn(context: Context, record: RunRecord, hostname: string): Promise<boolean> {
  try {
    const { active, state } = await stateOfRun(context, record, hostname);
    // A local run of another node cannot be seen from here.
    return active || state === elsewhere;
  } catch (error) {
    if (error instanceof CommandFailedError) {
      return true;
    }
    throw error;
  }
}

function lastOf(lines: readonly string[], count: number | undefined): readonly string[] {
  return count === undefined ? lines : lines.slice(Math.max(0, lines.length - count));
}
