import { WrongAnswerError } from '../support/errors.ts';
import type { InferAnswer, InferenceServer } from '../triton/inference-server.ts';
import { infer, getOutput } from './infer.ts';
import { listResponses } from './model-kind.ts';
import { findNotFinite } from './compare.ts';
import { generateRequests, resolveShape, type Sizes } from '../workload/random-inputs.ts';
import type { StoredInputs } from '../workload/stored-inputs.ts';
import type { Workload } from '../workload/workload-schema.ts';

export interface RequestResult {
  /** Number of the request, counted from 1. */
  readonly index: number;
  readonly sizes: Sizes;
  readonly sentBytes: number;
  readonly latencyMs: number;
}

/**
 * Sends the random requests, `random.concurrency` at a time. With a concurrency of one, the next request is
 * made between two, not while the server works: it would delay this process's sending and receiving, and
 * distort the latencies.
 *
 * @returns the versions that answered
 * @throws {WrongAnswerError} when an answer lacks an output, has another shape or is not finite.
 */
export async function checkRandom(
  server: InferenceServer,
  { workload, stored }: { workload: Workload; stored: StoredInputs },
  onResult: (result: RequestResult) => void,
): Promise<string[]> {
  const requests = generateRequests(workload, stored);
  const versions: string[] = [];
  let started = 0;
  const sendOneByOne = async (): Promise<void> => {
    for (const { sizes, inputs } of requests) {
      started += 1;
      const index = started;
      const what = `random request ${index}`;
      const answer = await infer(server, { workload, inputs, what });
      versions.push(answer.version);
      for (const response of listResponses(answer)) {
        checkOutputs(workload, sizes, response, what);
      }
      const sentBytes = inputs.reduce((sum, { bytes }) => sum + bytes.length, 0);
      onResult({ index, sizes, sentBytes, latencyMs: answer.latencyMs });
    }
  };
  const senders = Math.min(workload.random?.concurrency ?? 1, workload.random?.requests ?? 0);
  const outcomes = await Promise.allSettled(Array.from({ length: senders }, sendOneByOne));
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failed !== undefined) {
    throw failed.reason;
  }
  return versions;
}

/** Checks type, shape and finiteness of every output. */
export function checkOutputs({ outputs }: Workload, sizes: Sizes, answer: InferAnswer, what: string): void {
  for (const [name, { datatype, shape, finite }] of Object.entries(outputs)) {
    const output = getOutput(answer, { name, datatype, shape: resolveShape(shape, sizes) }, what);
    const infinite = finite ? findNotFinite(output) : undefined;
    if (infinite !== undefined) {
      const at = `[${infinite.position.join(', ')}]`;
      throw new WrongAnswerError(`${what}: ${name} is not finite at ${at}: got ${infinite.actual}`);
    }
  }
}
