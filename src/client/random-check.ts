import { WrongAnswerError } from '../support/errors.ts';
import type { InferenceServer } from '../triton/inference-server.ts';
import { firstNotFinite } from './compare.ts';
import { randomRequests, resolveShape, type RandomRequest, type Sizes } from './random-inputs.ts';
import { outputOf } from './reference-check.ts';
import type { Workload } from './workload.ts';

export interface RequestResult {
  /** Counted from 1. */
  readonly index: number;
  readonly sizes: Sizes;
  readonly sentBytes: number;
  readonly latencyMs: number;
}

export interface RandomOptions {
  workload: Workload;
  /** Milliseconds that only grow. */
  now: () => number;
  onResult: (result: RequestResult) => void;
}

/**
 * Sends the random requests one at a time. The next one is made between two, not while the server works:
 * that would hold up this process's own sending and receiving, and the latencies would not be the server's.
 *
 * @returns the versions that answered
 * @throws {WrongAnswerError} when an answer lacks an output, has another shape or is not finite.
 */
export async function checkRandom(
  server: InferenceServer,
  { workload, now, onResult }: RandomOptions,
): Promise<string[]> {
  const versions: string[] = [];
  let index = 0;
  for (const request of randomRequests(workload)) {
    index += 1;
    const start = now();
    const answer = await server.infer({
      model: workload.model,
      version: workload.version,
      inputs: request.inputs,
      outputs: Object.keys(workload.outputs),
    });
    const latencyMs = now() - start;
    versions.push(answer.version);
    checkOutputs(workload, request, answer, `random request ${index}`);
    const sentBytes = request.inputs.reduce((sum, { bytes }) => sum + bytes.length, 0);
    onResult({ index, sizes: request.sizes, sentBytes, latencyMs });
  }
  return versions;
}

function checkOutputs(
  { outputs }: Workload,
  { sizes }: RandomRequest,
  answer: Awaited<ReturnType<InferenceServer['infer']>>,
  what: string,
): void {
  for (const [name, { datatype, shape, finite }] of Object.entries(outputs)) {
    const output = outputOf(answer, { name, datatype, shape: resolveShape(shape, sizes) }, what);
    const infinite = finite ? firstNotFinite(output) : undefined;
    if (infinite !== undefined) {
      throw new WrongAnswerError(
        `${what}: ${name} is not finite at [${infinite.position.join(', ')}]: got ${infinite.actual}`,
      );
    }
  }
}
