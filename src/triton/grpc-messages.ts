import { decodeByteElements } from './byte-elements.ts';
import { elementCount, fixedDatatypes, isDatatype } from './datatypes.ts';
import { InferenceServerError } from './server-errors.ts';
import type {
  Duration,
  IndexEntry,
  InferAnswer,
  InferRequest,
  ModelConfig,
  ModelStatistics,
  Tensor,
  TensorMetadata,
} from './inference-server.ts';

/** Messages of protocol.ts after decoding. */

export interface Ready {
  ready: boolean;
}

export interface Index {
  models: IndexEntry[];
}

export interface Config {
  config: ModelConfig;
}

export interface Statistics {
  modelStats: (Pick<ModelStatistics, 'name' | 'version' | 'inferenceCount' | 'executionCount'> & {
    inferenceStats: Record<DurationName, Duration | null> | null;
    batchStats: { batchSize: number; computeInfer: Duration | null }[];
  })[];
}

export interface InferResponse {
  modelName: string;
  modelVersion: string;
  outputs: TensorMetadata[];
  rawOutputContents: Uint8Array[];
}

/** Message of a stream: a response or an error. */
export interface StreamResponse {
  errorMessage: string;
  inferResponse: (InferResponse & { parameters: Record<string, { boolParam?: boolean }> }) | null;
}

type DurationName =
  'success' | 'fail' | 'queue' | 'computeInput' | 'computeInfer' | 'computeOutput' | 'cacheHit';

const noDuration: Duration = { count: 0, ns: 0 };

/** Converts the statistics of a model; a model without requests has no numbers yet, which count as zero. */
export function decodeStatistics({
  name,
  version,
  inferenceCount,
  executionCount,
  inferenceStats,
  batchStats,
}: Statistics['modelStats'][number]): ModelStatistics {
  const duration = (which: DurationName): Duration => inferenceStats?.[which] ?? noDuration;
  return {
    name,
    version,
    inferenceCount,
    executionCount,
    success: duration('success'),
    fail: duration('fail'),
    queue: duration('queue'),
    computeInput: duration('computeInput'),
    computeInfer: duration('computeInfer'),
    computeOutput: duration('computeOutput'),
    cacheHit: duration('cacheHit'),
    batches: batchStats.map(({ batchSize, computeInfer }) => ({
      size: batchSize,
      executions: computeInfer?.count ?? 0,
    })),
  };
}

/** Encodes a request as a message of the protocol. */
export function encodeRequest({ model, version, inputs, outputs, sequence }: InferRequest): object {
  return {
    modelName: model,
    modelVersion: version,
    ...(sequence !== undefined && {
      parameters: {
        sequence_id: typeof sequence === 'string' ? { stringParam: sequence } : { int64Param: sequence },
        sequence_start: { boolParam: true },
        sequence_end: { boolParam: true },
      },
    }),
    inputs,
    outputs: outputs.map((name) => ({ name })),
    rawInputContents: inputs.map(({ bytes }) => bytes),
  };
}

/**
 * Decodes the tensors of an answer, each with its bytes.
 *
 * @throws {InferenceServerError} when an output has no bytes, or a number of bytes that does not fit its
 * shape.
 */
export function decodeAnswer({ modelVersion, outputs, rawOutputContents }: InferResponse): InferAnswer {
  return {
    version: modelVersion,
    outputs: outputs.map((output, index) => decodeTensor(output, rawOutputContents[index])),
  };
}

function decodeTensor({ name, datatype, shape }: TensorMetadata, bytes: Uint8Array | undefined): Tensor {
  const fault = (detail: string) =>
    new InferenceServerError('refused', `unreadable answer: output ${name} ${detail}`, detail);
  if (!isDatatype(datatype)) {
    throw fault(`has elements of type ${datatype}, which hpc-gat cannot read`);
  }
  if (bytes === undefined) {
    throw fault('has no raw bytes');
  }
  const count = elementCount(shape);
  const [unit, expected, actual] =
    datatype === 'BYTES'
      ? ['elements', count, decodeByteElements(bytes)?.length ?? 'truncated']
      : ['bytes', count * fixedDatatypes[datatype].sizeBytes, bytes.length];
  if (actual !== expected) {
    throw fault(`of shape [${shape.join(', ')}] has ${actual} ${unit} instead of ${expected}`);
  }
  return { name, datatype, shape, bytes };
}
