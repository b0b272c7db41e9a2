import type { Context } from '../support/context.ts';
import { CommandFailedError } from '../support/errors.ts';
import { LineFollower, readLines } from './record/follow-file.ts';
import type { RunDirectory } from './record/run-directory.ts';
import { ReportDeadline, TolerantReader } from './report-deadline.ts';
import { mayBeRequeued } from './record/requeue.ts';
import { elsewhere, getRunState } from './record/state.ts';

export type LogKind = 'client' | 'server' | 'batch';

const filePollMs = 200;
/**
 * Intervals between checks with Slurm and the process table whether the run continues, for scripts that could
 * not report their end.
 */
const statePollMs = { first: 2_000, factor: 1.3, longest: 15_000 };

export interface LogOptions {
  readonly kinds: readonly LogKind[];
  /** Number of lines at the end of each log; by default all. */
  readonly lines?: number | undefined;
}

export interface Log {
  readonly log: LogKind;
  readonly file: string;
  /** Lines of the log; null when it does not exist yet. */
  readonly lines: readonly string[] | null;
  /** True when earlier lines were omitted from `lines` because the log is too large. */
  readonly isCut?: true;
}

/** Highest number of characters of a log in memory. */
const longestTail = 32 * 1024 * 1024;

/** Reads the current logs of a run, or the end of a log that is too large for one document. */
export async function readLogs(record: RunDirectory, { kinds, lines }: LogOptions): Promise<Log[]> {
  const logs: Log[] = [];
  for (const log of kinds) {
    const file = record.file(`${log}.log`);
    const tail = new Tail(lines);
    const isThere = await readLines(file, (line) => {
      tail.add(line);
    });
    logs.push({ log, file, lines: isThere ? tail.lines() : null, ...(tail.isCut && { isCut: true }) });
  }
  return logs;
}

/** Prints the current logs of a run, with a heading for each when there are several. */
export async function printLogs(
  record: RunDirectory,
  { kinds, lines }: LogOptions,
  print: (lines: readonly string[]) => Promise<void>,
): Promise<void> {
  for (const kind of kinds) {
    const file = record.file(`${kind}.log`);
    if (kinds.length > 1) {
      await print([`==> ${file} <==`]);
    }
    // One write for many lines: a log may have millions of them.
    let batch: string[] = [];
    const flush = async (): Promise<void> => {
      const complete = batch;
      batch = [];
      await print(complete);
    };
    const tail = lines === undefined ? undefined : new Tail(lines);
    const isThere = await readLines(
      file,
      (line) => {
        if (tail === undefined) {
          batch.push(line);
        } else {
          tail.add(line);
        }
      },
      flush,
    );
    await flush();
    await print(isThere ? (tail?.lines() ?? []) : ['(not written yet)']);
  }
}

/** Buffer of the last lines of a log, limited in number and in characters. */
class Tail {
  readonly #maxLines: number;
  #lines: string[] = [];
  #characters = 0;
  isCut = false;

  constructor(maxLines = Infinity) {
    this.#maxLines = maxLines;
  }

  add(line: string): void {
    this.#lines.push(line);
    this.#characters += line.length + 1;
    // Lines are dropped rarely, because dropping moves all others.
    if (this.#lines.length > 2 * this.#maxLines + 1000 || this.#characters > 2 * longestTail) {
      this.#drop();
    }
  }

  lines(): string[] {
    this.#drop();
    return this.#lines;
  }

  #drop(): void {
    let first = Math.max(0, this.#lines.length - this.#maxLines);
    let characters = this.#lines.slice(first).reduce((sum, line) => sum + line.length + 1, 0);
    for (; characters > longestTail; first += 1) {
      characters -= (this.#lines[first] ?? '').length + 1;
      this.isCut = true;
    }
    this.#lines = this.#lines.slice(first);
    this.#characters = characters;
  }
}

/**
 * Passes on the existing and new lines of a run's logs until the run has ended.
 *
 * @throws the signal's reason, immediately, when `context.signal` aborts; the run continues.
 */
export async function followLogs(
  context: Context,
  record: RunDirectory,
  options: LogOptions & { readonly hostname: string; readonly onLine: (kind: LogKind, line: string) => void },
): Promise<void> {
  const { kinds, lines, onLine } = options;
  const followers: LineFollower[] = [];
  for (const kind of kinds) {
    const early = new Tail(lines);
    let pass = (line: string): void => {
      early.add(line);
    };
    const follower = new LineFollower(record.file(`${kind}.log`), (line) => {
      pass(line);
    });
    await follower.poll();
    pass = (line) => {
      onLine(kind, line);
    };
    early.lines().forEach(pass);
    followers.push(follower);
  }
  const isOver = createEndCheck(context, record, options.hostname);
  const reader = new TolerantReader(context);
  const poll = async (): Promise<boolean> => {
    if (await isOver()) {
      return true;
    }
    for (const follower of followers) {
      await follower.poll();
    }
    return false;
  };
  while ((await reader.attempt(poll)) !== true) {
    await context.clock.sleep(filePollMs, context.signal);
  }
  for (const follower of followers) {
    await follower.finish();
  }
}

/** Creates a check whether the run has ended: by its own report, or because no job or process of it is left. */
function createEndCheck(context: Context, record: RunDirectory, hostname: string): () => Promise<boolean> {
  const nowMs = () => context.clock.now().getTime();
  let intervalMs = statePollMs.first;
  let nextMs = 0;
  let isOver = false;
  const deadline = new ReportDeadline(context, record);
  return async () => {
    const { ended, plan } = await record.facts();
    if (ended !== undefined && !mayBeRequeued({ ended, plan })) {
      return true;
    }
    if (nowMs() >= nextMs) {
      isOver = !(await isStillRunning(context, record, hostname));
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

async function isStillRunning(context: Context, record: RunDirectory, hostname: string): Promise<boolean> {
  try {
    const { active, state } = await getRunState(context, record, hostname);
    // A local run on another node cannot be seen from here.
    return active || state === elsewhere;
  } catch (error) {
    if (error instanceof CommandFailedError) {
      return true;
    }
    throw error;
  }
}
