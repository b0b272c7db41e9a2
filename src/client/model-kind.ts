import { randomBytes } from 'node:crypto';
import { WrongAnswerError } from '../support/errors.ts';
import type { InferAnswer, InferenceServer, InferRequest, ModelConfig } from '../triton/inference-server.ts';

/**
 * The server, with inferences sent the way that the kind of the model needs: over a stream to a decoupled model, which
 * may send several responses; each as a sequence of its own to a model with a sequence batcher.
 */
export function serverForModel(server: InferenceServer, config: ModelConfig): InferenceServer {
  const newSequence = sequencesFor(config);
  const isDecoupled = config.modelTransactionPolicy?.decoupled === true;
  if (newSequence === undefined && !isDecoupled) {
    return server;
  }
  const infer = async (request: InferRequest): Promise<InferAnswer> => {
    const asked = { ...request, sequence: newSequence?.() };
    if (!isDecoupled) {
      return server.infer(asked);
    }
    const [first, ...further] = await server.inferStream(asked);
    if (first === undefined) {
      throw new WrongAnswerError('the decoupled model ended without a response');
    }
    return { ...first, further };
  };
  return { ...server, infer };
}

/** Correlation IDs that no other client of the server uses; undefined for a model without sequences. */
function sequencesFor({ sequenceBatching }: ModelConfig): (() => number | string) | undefined {
  if (sequenceBatching === null) {
    return undefined;
  }
  const controls = sequenceBatching.controlInput.flatMap(({ control }) => control);
  const isText = controls.some(
    ({ kind, dataType }) => kind === 'CONTROL_SEQUENCE_CORRID' && dataType === 'TYPE_STRING',
  );
  // Models may want the ID in 32 bits.
  let last = randomBytes(3).readUIntBE(0, 3) * 64;
  return () => {
    last += 1;
    return isText ? `hpc-gat-${last}` : last;
  };
}

/** All responses to one request. */
export function responsesOf(answer: InferAnswer): InferAnswer[] {
  return [answer, ...(answer.further ?? [])];
}
