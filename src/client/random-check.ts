import { WrongAnswerError } from '../support/errors.ts';
import type { InferAnswer, InferenceServer } from '../triton/inference-server.ts';
import { ask, outputOf } from './ask.ts';
import { firstNotFinite } from './compare.ts';
import { randomRequests, resolveShape, type Sizes } from './random-inputs.ts';
import type { Workload } from './workload.ts';

export interface RequestResult {
  /** Counted from 1. */
  readonly index: number;
  readonly sizes: Sizes;
  readonly sentBytes: number;
  readonly latencyMs: number;
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
  workload: Workload,
  onResult: (result: RequestResult) => void,
): Promise<string[]> {
  const versions: string[] = [];
  for (const { sizes, inputs } of randomRequests(workload)) {
    const index = versions.length + 1;
    const what = `random request ${index}`;
    const answer = await ask(server, { workload, inputs, what });
    versions.push(answer.version);
    checkOutputs(workload, sizes, answer, what);
    const sentBytes = inputs.reduce((sum, { bytes }) => sum + bytes.length, 0);
    onResult({ index, sizes, sentBytes, latencyMs: answer.latencyMs });
  }
  return versions;
}

function checkOutputs({ outputs }: Workload, sizes: Sizes, answer: InferAnswer, what: string): void {
  for (const [name, { datatype, shape, finite }] of Object.entries(outputs)) {
    const output = outputOf(answer, { name, datatype, shape: resolveShape(shape, sizes) }, what);
    const infinite = finite ? firstNotFinite(output) : undefined;
    if (infinite !== undefined) {
      const at = `[${infinite.position.join(', ')}]`;
      throw new WrongAnswerError(`${what}: ${name} is not finite at ${at}: got ${infinite.actual}`);
    }
  }
}
