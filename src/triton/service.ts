import { fromJSON, type MethodDefinition } from '@grpc/proto-loader';
import { tritonProtocol } from './protocol.ts';

/**
 * Converts 64-bit numbers of messages to JavaScript numbers: dimensions and counts are far below 2^53, and
 * nanoseconds summed over more than 104 days are off by a few. Elements of tensors are bytes, not messages.
 */
const definitions = fromJSON(tritonProtocol, {
  longs: Number,
  enums: String,
  defaults: true,
  arrays: true,
});

export type Method = MethodDefinition<object, object>;

/** Methods of Triton's service by name, with paths, serializers and deserializers for client and server. */
export const tritonService = definitions['inference.GRPCInferenceService'] as unknown as Readonly<
  Record<string, Method>
>;
