import type { Job } from '../slurm/job.ts';
import type { Context } from '../support/context.ts';
import { CommandFailedError } from '../support/errors.ts';
import { explainTerminated } from './record/explain-terminated.ts';
import { formatStates } from './record/format-states.ts';
import type { RunDirectory } from './record/run-directory.ts';
import { type RunState, getRunStates } from './record/state.ts';

/** Shortest interval between queries: Slurm's controller serves the whole cluster. */
export const shortestIntervalMs = 2_000;

export interface WatchOptions {
  /** Lists the runs to show; called each time, because there may be new ones. */
  readonly list: () => Promise<readonly RunDirectory[]>;
  readonly hostname: string;
  /** Interval in milliseconds, at least {@link shortestIntervalMs}. */
  readonly intervalMs: number;
}

/**
 * Shows the states of runs until none waits or runs: on a terminal one table that is redrawn, elsewhere the
 * changed lines. An unreachable controller is waited for.
 *
 * @throws the signal's reason, immediately, when `context.signal` aborts; the runs continue.
 * @throws {CommandFailedError} when Slurm does not answer the first time.
 */
export async function watchRuns(context: Context, options: WatchOptions): Promise<void> {
  const show = context.output.redraw ?? createChangePrinter(context);
  const over = new Map<string, Job>();
  const causes = new Map<string, Job | undefined>();
  let states: readonly RunState[] | undefined;
  for (;;) {
    let trouble: string[] = [];
    try {
      states = await explainTerminated(
        context,
        await getRunStates(context, await options.list(), options.hostname, over),
        causes,
      );
    } catch (error) {
      if (!(error instanceof CommandFailedError) || states === undefined) {
        throw error;
      }
      trouble = [`Slurm does not answer, still watching: ${error.message}`];
    }
    show([...formatStates(states), ...trouble]);
    if (trouble.length === 0 && !states.some(({ active }) => active)) {
      return;
    }
    await context.clock.sleep(options.intervalMs, context.signal);
  }
}

/**
 * Creates a printer for a pipe or a file, which prints a line again only when one of its words has changed; a
 * wider column is no change.
 */
function createChangePrinter({ output }: Context): (lines: readonly string[]) => void {
  let known = new Set<string>();
  return (lines) => {
    const words = lines.map((line) => line.replace(/ +/g, ' '));
    lines.forEach((line, index) => {
      if (!known.has(words[index] ?? '')) {
        output.result(line);
      }
    });
    known = new Set(words);
  };
}
