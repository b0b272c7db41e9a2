import { UsageError, WrongAnswerError } from '../support/errors.ts';
import { InferenceServerError } from '../triton/server-errors.ts';
import type { InferAnswer, InferenceServer, Tensor } from '../triton/inference-server.ts';
import type { Workload } from '../workload/workload-schema.ts';

export interface InferenceCase {
  readonly workload: Workload;
  readonly inputs: readonly Tensor[];
  /** Name of the request, for messages: "reference case small". */
  readonly what: string;
}

export interface InferenceResult extends InferAnswer {
  readonly latencyMs: number;
}

/**
 * Sends one inference for all outputs of the workload and measures its latency.
 *
 * @throws {InferenceServerError} that names the request.
 */
export async function infer(
  server: InferenceServer,
  { workload, inputs, what }: InferenceCase,
): Promise<InferenceResult> {
  const { model, version } = workload;
  const outputs = Object.keys(workload.outputs);
  const start = performance.now();
  try {
    const answer = await server.infer({ model, version, inputs, outputs });
    return { ...answer, latencyMs: performance.now() - start };
  } catch (error) {
    if (error instanceof WrongAnswerError) {
      throw new WrongAnswerError(`${what}: ${error.message}`, { cause: error });
    }
    if (error instanceof InferenceServerError && error.failure === 'too-large') {
      throw new WrongAnswerError(`${what}: ${error.message}`, {
        fix: 'check that the workload is for this model; correct its outputs, or random.sizes',
        cause: error,
      });
    }
    throw error instanceof InferenceServerError ? error.within(what) : error;
  }
}

/**
 * Returns the output of a name, and checks its type and shape.
 *
 * @throws {WrongAnswerError} when it is missing or differs.
 */
export function getOutput(
  answer: InferAnswer,
  expected: Pick<Tensor, 'name' | 'datatype' | 'shape'>,
  what: string,
): Tensor {
  const { name, datatype, shape } = expected;
  const got = answer.outputs.find((output) => output.name === name);
  if (got === undefined) {
    const names = answer.outputs.map((output) => output.name).join(', ');
    throw new WrongAnswerError(`${what}: no output ${name} in the answer, only ${names || 'nothing'}`);
  }
  const format = (tensor: typeof expected) => `${tensor.datatype} [${tensor.shape.join(', ')}]`;
  if (got.datatype !== datatype || got.shape.join() !== shape.join()) {
    throw new WrongAnswerError(`${what}: ${name} is ${format(got)}, expected ${format(expected)}`);
  }
  return got;
}

/**
 * Checks that an answer is one response.
 *
 * @throws {UsageError} for several responses, because a reference contains one.
 */
export function requireOneResponse({ further = [] }: InferAnswer, what: string): void {
  if (further.length > 0) {
    throw new UsageError(
      `${what}: the decoupled model sent ${further.length + 1} responses, but a reference contains one`,
      { fix: 'remove `reference` from the workload: all responses to random requests are checked' },
    );
  }
}
