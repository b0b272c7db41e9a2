import type { Datatype } from './datatypes.ts';

/** Tensor with its elements little-endian and row-major, as they are transmitted. */
export interface Tensor {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

/** Input or output as the server reports it; -1 stands for a dimension of any size. */
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

/**
 * Fields of a model's configuration that this program uses; the object contains all of them
 * (model-config.ts).
 */
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
  /** Type with Triton's prefix: "TYPE_FP32". */
  readonly dataType: string;
  readonly dims: readonly number[];
  readonly optional?: boolean;
}

export interface InstanceGroup {
  readonly name: string;
  readonly count: number;
  readonly gpus: readonly number[];
  /** Kind of device: "KIND_CPU", "KIND_GPU", "KIND_AUTO" or "KIND_MODEL". */
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

/** Version of a model in the repository; `state` is empty when nothing requested it. */
export interface IndexEntry {
  readonly name: string;
  readonly version: string;
  readonly state: '' | 'UNKNOWN' | 'READY' | 'UNAVAILABLE' | 'LOADING' | 'UNLOADING';
  readonly reason: string;
}

/** Cumulative count and the nanoseconds spent on it since the model was loaded. */
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

/** Number of executions with a batch of this size, which counts the batches of all requests in it. */
export interface BatchCount {
  readonly size: number;
  readonly executions: number;
}

export interface InferRequest {
  readonly model: string;
  /** Version of the model; empty for the one that the server's policy chooses. */
  readonly version: string;
  readonly inputs: readonly Tensor[];
  /** Names of the requested outputs. */
  readonly outputs: readonly string[];
  /** Correlation ID, which makes the request a complete sequence with start and end. */
  readonly sequence?: number | string | undefined;
}

export interface InferAnswer {
  /** Version of the model that answered. */
  readonly version: string;
  readonly outputs: readonly Tensor[];
  /** Further responses of a decoupled model. */
  readonly further?: readonly InferAnswer[];
}

/**
 * Inference server with the KServe v2 interface. Every call rejects with an InferenceServerError, or with the
 * reason of the abort signal that the connection was opened with.
 */
export interface InferenceServer {
  /** Address as HOST:PORT, for messages. */
  readonly url: string;
  /** Path of the server's log, where it is known, for messages. */
  readonly log: string | undefined;
  isServerReady(): Promise<boolean>;
  isModelReady(model: string, version: string): Promise<boolean>;
  repositoryIndex(): Promise<IndexEntry[]>;
  serverMetadata(): Promise<{ name: string; version: string }>;
  modelMetadata(model: string, version: string): Promise<ModelMetadata>;
  modelConfig(model: string, version: string): Promise<ModelConfig>;
  /** Lists the statistics of every loaded version, or of the requested one. */
  modelStatistics(model: string, version: string): Promise<ModelStatistics[]>;
  /** Limits the size of later answers to inferences, before they are received; -1 for no limit. */
  limitAnswers(bytes: number): Promise<void>;
  infer(request: InferRequest): Promise<InferAnswer>;
  /** Returns all responses to one request of a decoupled model, which sends any number of them. */
  inferStream(request: InferRequest): Promise<InferAnswer[]>;
  close(): void;
}
