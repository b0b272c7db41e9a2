import type { Clock } from '../support/context.ts';
import { WrongAnswerError } from '../support/errors.ts';
import type { BatchCount, Duration, InferenceServer, ModelStatistics } from '../triton/inference-server.ts';

/** Server's statistics of one model and version between two moments; means are per request. */
export interface ServerStatistics {
  readonly version: string;
  readonly success: number;
  readonly fail: number;
  readonly executions: number;
  /** Number of requests that the response cache answered without an execution. */
  readonly cached: number;
  /** Executions by the size of their batch, smallest first. */
  readonly batches: readonly BatchCount[];
  readonly queueMs: number;
  readonly computeInputMs: number;
  readonly computeInferMs: number;
  readonly computeOutputMs: number;
}

export function subtractStatistics(
  before: ModelStatistics | undefined,
  after: ModelStatistics,
): ServerStatistics {
  const meanMs = (part: 'queue' | 'computeInput' | 'computeInfer' | 'computeOutput'): number => {
    const { count, ns } = subtract(after[part], before?.[part]);
    return count === 0 ? 0 : ns / count / 1e6;
  };
  return {
    version: after.version,
    success: subtract(after.success, before?.success).count,
    fail: subtract(after.fail, before?.fail).count,
    executions: after.executionCount - (before?.executionCount ?? 0),
    cached: subtract(after.cacheHit, before?.cacheHit).count,
    batches: after.batches
      .map(({ size, executions }) => ({
        size,
        executions: executions - (before?.batches.find((batch) => batch.size === size)?.executions ?? 0),
      }))
      .filter(({ executions }) => executions > 0)
      .sort((a, b) => a.size - b.size),
    queueMs: meanMs('queue'),
    computeInputMs: meanMs('computeInput'),
    computeInferMs: meanMs('computeInfer'),
    computeOutputMs: meanMs('computeOutput'),
  };
}

function subtract(after: Duration, before: Duration | undefined): Duration {
  return { count: after.count - (before?.count ?? 0), ns: after.ns - (before?.ns ?? 0) };
}

export interface StatisticsOptions {
  model: string;
  version: string;
  before: readonly ModelStatistics[];
  /** Number of answered requests of this client. */
  sent: number;
  clock: Clock;
  signal: AbortSignal;
}

const SETTLE_MS = 2000;
const POLL_MS = 50;

/**
 * Reads the statistics of exactly the model and version that answered, since `before`.
 *
 * @throws {WrongAnswerError} when the server counted a different number of requests than were sent.
 */
export async function readStatistics(
  server: InferenceServer,
  { model, version, before, sent, clock, signal }: StatisticsOptions,
): Promise<ServerStatistics> {
  const findEntry = (entries: readonly ModelStatistics[]) =>
    entries.find((entry) => entry.name === model && entry.version === version);
  const deadline = clock.now().getTime() + SETTLE_MS;
  for (;;) {
    const after = findEntry(await server.modelStatistics(model, version));
    if (after === undefined) {
      throw new WrongAnswerError(`the server has no statistics for model ${model}, version ${version}`);
    }
    const statistics = subtractStatistics(findEntry(before), after);
    if (statistics.success === sent && statistics.fail === 0) {
      return statistics;
    }
    // Triton may count a request a moment after its answer has left.
    const unsettled = statistics.success < sent && statistics.fail === 0;
    if (!unsettled || clock.now().getTime() > deadline) {
      throw new WrongAnswerError(
        `the server counted ${statistics.success} successful and ${statistics.fail} failed requests of model ${model}, version ${version}, but ${sent} were sent`,
        { fix: 'another client may use this server: test one that only you use' },
      );
    }
    await clock.sleep(POLL_MS, signal);
  }
}
