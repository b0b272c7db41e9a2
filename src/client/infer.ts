import { UsageError, WrongAnswerError } from '../support/errors.ts';
import { InferenceServerError } from '../triton/server-errors.ts';
import type { InferAnswer, InferenceServer, Tensor } from '../triton/inference-server.ts';
import type { Workload } from '../workload/workload-schema.ts';

export interface InferenceCase {
  readonly workload: Workload;
  readonly inputs: readonly Tensor[];
  /** Which request this is, for messages: "reference case small". */
  readonly what: string;
}

export interface InferenceResult extends InferAnswer {
  readonly latencyMs: number;
}

/**
 * One inference for all outputs of the workload, with its latency.
 *
 * @throws {InferenceServerError} saying which request it was.
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
 * The output of that name, in that type and shape.
 *
 * @throws {WrongAnswerError} otherwise.
 */
export function getOutput(
  answer: InferAnswer,
  wanted: Pick<Tensor, 'name' | 'datatype' | 'shape'>,
  what: string,
): Tensor {
  const { name, datatype, shape } = wanted;
  const got = answer.outputs.find((output) => output.name === name);
  if (got === undefined) {
    const names = answer.outputs.map((output) => output.name).join(', ');
    throw new WrongAnswerError(`${what}: no output ${name} in the answer, only ${names || 'nothing'}`);
  }
  const described = (tensor: typeof wanted) => `${tensor.datatype} [${tensor.shape.join(', ')}]`;
  if (got.datatype !== datatype || got.shape.join() !== shape.join()) {
    throw new WrongAnswerError(`${what}: ${name} came as ${described(got)}, expected ${described(wanted)}`);
  }
  return got;
}

/** @throws {UsageError} for an answer of several responses, where a reference holds one. */
export function requireOneResponse({ further = [] }: InferAnswer, what: string): void {
  if (further.length > 0) {
    throw new UsageError(
      `${what}: the decoupled model sent ${further.length + 1} responses, and a reference holds one`,
      { fix: 'take `reference` out of the workload: all responses to random requests are checked' },
    );
  }
}
