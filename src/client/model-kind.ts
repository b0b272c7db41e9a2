import { randomBytes } from 'node:crypto';
import { WrongAnswerError } from '../support/errors.ts';
import type { InferAnswer, InferenceServer, InferRequest, ModelConfig } from '../triton/inference-server.ts';

/**
 * Returns the server with inferences adapted to the kind of the model: a decoupled model, which may send
 * several responses, is called over a stream; a model with a sequence batcher receives each request as a
 * separate sequence.
 */
export function adaptToModel(server: InferenceServer, config: ModelConfig): InferenceServer {
  const newSequence = createIdGenerator(config);
  const isDecoupled = config.modelTransactionPolicy?.decoupled === true;
  if (newSequence === undefined && !isDecoupled) {
    return server;
  }
  const infer = async (request: InferRequest): Promise<InferAnswer> => {
    const adapted = { ...request, sequence: newSequence?.() };
    if (!isDecoupled) {
      return server.infer(adapted);
    }
    const [first, ...further] = await server.inferStream(adapted);
    if (first === undefined) {
      throw new WrongAnswerError('the decoupled model ended without a response');
    }
    return { ...first, further };
  };
  return { ...server, infer };
}

/** Returns a generator of correlation IDs that no other client uses; undefined for a model without sequences. */
function createIdGenerator({ sequenceBatching }: ModelConfig): (() => number | string) | undefined {
  if (sequenceBatching === null) {
    return undefined;
  }
  const controls = sequenceBatching.controlInput.flatMap(({ control }) => control);
  const isText = controls.some(
    ({ kind, dataType }) => kind === 'CONTROL_SEQUENCE_CORRID' && dataType === 'TYPE_STRING',
  );
  // Some models expect the ID in 32 bits.
  let last = randomBytes(3).readUIntBE(0, 3) * 64;
  return () => {
    last += 1;
    return isText ? `hpc-gat-${last}` : last;
  };
}

/** Returns all responses to one request. */
export function listResponses(answer: InferAnswer): InferAnswer[] {
  return [answer, ...(answer.further ?? [])];
}
