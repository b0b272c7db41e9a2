import type { Job } from '../slurm/job.ts';
import type { Context } from '../support/context.ts';
import { CommandFailedError } from '../support/errors.ts';
import { explainTerminated } from './record/explain-terminated.ts';
import { formatStates } from './record/format-states.ts';
import type { RunDirectory } from './record/run-directory.ts';
import { type RunState, getRunStates } from './record/state.ts';

/** Slurm's controller answers everybody on the cluster: nobody needs to know more often. */
export const shortestIntervalMs = 2_000;

export interface WatchOptions {
  /** The runs to show; asked anew each time, because there may be new ones. */
  readonly list: () => Promise<readonly RunDirectory[]>;
  readonly hostname: string;
  /** At least {@link shortestIntervalMs}. */
  readonly intervalMs: number;
}

/**
 * Shows the states of runs until none waits or runs any more: on a terminal one table that is drawn again, elsewhere the
 * lines that have changed. A controller that stops answering is waited for.
 *
 * @throws the signal's reason, at once, when `context.signal` aborts: looking changes nothing.
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

/** For a pipe or a file: a line again only when one of its words has changed; a wider column is no news. */
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
