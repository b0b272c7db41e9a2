import type { Datatype } from './datatypes.ts';

/** A tensor with its elements little-endian and row-major, as they travel. */
export interface Tensor {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

/** What a server says of one input or output; -1 stands for a dimension of any size. */
export interface TensorMetadata {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
}

export interface ModelMetadata {
  readonly name: string;
  readonly versions: readonly string[];
  readonly platform: string;
  readonly inputs: readonly TensorMetadata[];
  readonly outputs: readonly TensorMetadata[];
}

/** What is used here of a model's configuration; all of it is in the object (model-config.ts). */
export interface ModelConfig {
  readonly name: string;
  readonly platform: string;
  readonly backend: string;
  readonly runtime: string;
  readonly maxBatchSize: number;
  readonly defaultModelFilename: string;
  readonly input: readonly ConfigTensor[];
  readonly output: readonly ConfigTensor[];
  readonly instanceGroup: readonly InstanceGroup[];
  readonly dynamicBatching: DynamicBatching | null;
  readonly sequenceBatching: SequenceBatching | null;
  readonly modelTransactionPolicy: { readonly decoupled: boolean } | null;
}

export interface ConfigTensor {
  readonly name: string;
  /** With Triton's prefix: "TYPE_FP32". */
  readonly dataType: string;
  readonly dims: readonly number[];
  readonly optional?: boolean;
}

export interface InstanceGroup {
  readonly name: string;
  readonly count: number;
  readonly gpus: readonly number[];
  /** "KIND_CPU", "KIND_GPU", "KIND_AUTO" or "KIND_MODEL". */
  readonly kind: string;
}

export interface DynamicBatching {
  readonly preferredBatchSize: readonly number[];
  readonly maxQueueDelayMicroseconds: number;
}

export interface SequenceBatching {
  readonly controlInput: readonly {
    readonly control: readonly { readonly kind: string; readonly dataType: string }[];
  }[];
}

/** A version of a model in the repository; `state` is empty when it was never asked for. */
export interface IndexEntry {
  readonly name: string;
  readonly version: string;
  readonly state: '' | 'UNKNOWN' | 'READY' | 'UNAVAILABLE' | 'LOADING' | 'UNLOADING';
  readonly reason: string;
}

/** A cumulative count and the nanoseconds spent on it since the model was loaded. */
export interface Duration {
  readonly count: number;
  readonly ns: number;
}

export interface ModelStatistics {
  readonly name: string;
  readonly version: string;
  readonly inferenceCount: number;
  readonly executionCount: number;
  readonly success: Duration;
  readonly fail: Duration;
  readonly queue: Duration;
  readonly computeInput: Duration;
  readonly computeInfer: Duration;
  readonly computeOutput: Duration;
  /** Number of requests that the response cache answered. */
  readonly cacheHit: Duration;
  readonly batches: readonly BatchCount[];
}

/** How many executions had a batch of that size; requests count with the batch that each brought. */
export interface BatchCount {
  readonly size: number;
  readonly executions: number;
}

export interface InferRequest {
  readonly model: string;
  /** Empty for the version that the server's policy chooses. */
  readonly version: string;
  readonly inputs: readonly Tensor[];
  /** Names of the outputs to send back. */
  readonly outputs: readonly string[];
  /** Correlation ID, which makes the request a whole sequence with start and end. */
  readonly sequence?: number | string | undefined;
}

export interface InferAnswer {
  /** The version that answered. */
  readonly version: string;
  readonly outputs: readonly Tensor[];
  /** Responses of a decoupled model after this one. */
  readonly further?: readonly InferAnswer[];
}

/**
 * An inference server with the KServe v2 interface. Every call rejects with an InferenceServerError, or
 * with the reason of the abort signal that the connection was opened with.
 */
export interface InferenceServer {
  /** HOST:PORT, for messages. */
  readonly url: string;
  /** Its log, where it is known, for messages. */
  readonly log: string | undefined;
  isServerReady(): Promise<boolean>;
  isModelReady(model: string, version: string): Promise<boolean>;
  repositoryIndex(): Promise<IndexEntry[]>;
  serverMetadata(): Promise<{ name: string; version: string }>;
  modelMetadata(model: string, version: string): Promise<ModelMetadata>;
  modelConfig(model: string, version: string): Promise<ModelConfig>;
  /** One entry for every loaded version, or for the one that is asked for. */
  modelStatistics(model: string, version: string): Promise<ModelStatistics[]>;
  /** Refuses larger answers to inferences from now on, before they are received; -1 for no limit. */
  limitAnswers(bytes: number): Promise<void>;
  infer(request: InferRequest): Promise<InferAnswer>;
  /** Returns all responses to one request of a decoupled model, which sends any number of them. */
  inferStream(request: InferRequest): Promise<InferAnswer[]>;
  close(): void;
}
