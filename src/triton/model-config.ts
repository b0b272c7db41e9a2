/**
 * Fields of Triton's model configuration with their types and numbers, as data. The reader of config.pbtxt
 * and the gRPC messages about served models use them.
 *
 * A type is a name of protobuf, or a name of {@link messages} or {@link enums}. Before it may be `repeated`,
 * or `map` with the type of its keys; after it is the number of the field in transmitted messages.
 *
 * Source: triton-inference-server/common, protobuf/model_config.proto (Triton 2.64 and 2.73).
 */
export const messages: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  ModelConfig: {
    name: 'string = 1',
    platform: 'string = 2',
    backend: 'string = 17',
    runtime: 'string = 25',
    version_policy: 'VersionPolicy = 3',
    max_batch_size: 'int32 = 4',
    input: 'repeated Input = 5',
    output: 'repeated Output = 6',
    batch_input: 'repeated BatchInput = 20',
    batch_output: 'repeated BatchOutput = 21',
    optimization: 'Optimization = 12',
    dynamic_batching: 'DynamicBatching = 11',
    sequence_batching: 'SequenceBatching = 13',
    ensemble_scheduling: 'Ensembling = 15',
    instance_group: 'repeated InstanceGroup = 7',
    default_model_filename: 'string = 8',
    cc_model_filenames: 'map string string = 9',
    metric_tags: 'map string string = 10',
    parameters: 'map string Parameter = 14',
    model_warmup: 'repeated Warmup = 16',
    model_operations: 'Operations = 18',
    model_transaction_policy: 'TransactionPolicy = 19',
    model_repository_agents: 'RepositoryAgents = 23',
    response_cache: 'ResponseCache = 24',
    model_metrics: 'Metrics = 26',
  },
  Input: {
    name: 'string = 1',
    data_type: 'DataType = 2',
    format: 'Format = 3',
    dims: 'repeated int64 = 4',
    reshape: 'Reshape = 5',
    is_shape_tensor: 'bool = 6',
    allow_ragged_batch: 'bool = 7',
    optional: 'bool = 8',
    is_non_linear_format_io: 'bool = 9',
  },
  Output: {
    name: 'string = 1',
    data_type: 'DataType = 2',
    dims: 'repeated int64 = 3',
    reshape: 'Reshape = 5',
    label_filename: 'string = 4',
    is_shape_tensor: 'bool = 6',
    is_non_linear_format_io: 'bool = 7',
  },
  Reshape: { shape: 'repeated int64 = 1' },
  BatchInput: {
    kind: 'BatchInputKind = 1',
    target_name: 'repeated string = 2',
    data_type: 'DataType = 3',
    source_input: 'repeated string = 4',
  },
  BatchOutput: {
    target_name: 'repeated string = 1',
    kind: 'BatchOutputKind = 2',
    source_input: 'repeated string = 3',
  },
  InstanceGroup: {
    name: 'string = 1',
    kind: 'InstanceKind = 4',
    count: 'int32 = 2',
    rate_limiter: 'RateLimiter = 6',
    gpus: 'repeated int32 = 3',
    secondary_devices: 'repeated SecondaryDevice = 8',
    profile: 'repeated string = 5',
    passive: 'bool = 7',
    host_policy: 'string = 9',
  },
  RateLimiter: { resources: 'repeated Resource = 1', priority: 'uint32 = 2' },
  Resource: { name: 'string = 1', global: 'bool = 2', count: 'uint32 = 3' },
  SecondaryDevice: { kind: 'SecondaryDeviceKind = 1', device_id: 'int64 = 2' },
  VersionPolicy: { latest: 'Latest = 1', all: 'All = 2', specific: 'Specific = 3' },
  Latest: { num_versions: 'uint32 = 1' },
  All: {},
  Specific: { versions: 'repeated int64 = 1' },
  Optimization: {
    graph: 'Graph = 1',
    priority: 'ModelPriority = 2',
    cuda: 'Cuda = 3',
    execution_accelerators: 'ExecutionAccelerators = 4',
    input_pinned_memory: 'PinnedMemoryBuffer = 5',
    output_pinned_memory: 'PinnedMemoryBuffer = 6',
    gather_kernel_buffer_threshold: 'uint32 = 7',
    eager_batching: 'bool = 8',
  },
  Graph: { level: 'int32 = 1' },
  Cuda: {
    graphs: 'bool = 1',
    busy_wait_events: 'bool = 2',
    graph_spec: 'repeated GraphSpec = 3',
    output_copy_stream: 'bool = 4',
  },
  GraphSpec: {
    batch_size: 'int32 = 1',
    input: 'map string GraphShape = 2',
    graph_lower_bound: 'LowerBound = 3',
  },
  LowerBound: { batch_size: 'int32 = 1', input: 'map string GraphShape = 2' },
  GraphShape: { dim: 'repeated int64 = 1' },
  ExecutionAccelerators: {
    gpu_execution_accelerator: 'repeated Accelerator = 1',
    cpu_execution_accelerator: 'repeated Accelerator = 2',
  },
  Accelerator: { name: 'string = 1', parameters: 'map string string = 2' },
  PinnedMemoryBuffer: { enable: 'bool = 1' },
  QueuePolicy: {
    timeout_action: 'TimeoutAction = 1',
    default_timeout_microseconds: 'uint64 = 2',
    allow_timeout_override: 'bool = 3',
    max_queue_size: 'uint32 = 4',
  },
  DynamicBatching: {
    preferred_batch_size: 'repeated int32 = 1',
    max_queue_delay_microseconds: 'uint64 = 2',
    preserve_ordering: 'bool = 3',
    priority_levels: 'uint64 = 4',
    default_priority_level: 'uint64 = 5',
    default_queue_policy: 'QueuePolicy = 6',
    priority_queue_policy: 'map uint64 QueuePolicy = 7',
  },
  SequenceBatching: {
    direct: 'StrategyDirect = 3',
    oldest: 'StrategyOldest = 4',
    max_sequence_idle_microseconds: 'uint64 = 1',
    control_input: 'repeated ControlInput = 2',
    state: 'repeated State = 5',
    iterative_sequence: 'bool = 6',
  },
  StrategyDirect: { max_queue_delay_microseconds: 'uint64 = 1', minimum_slot_utilization: 'float = 2' },
  StrategyOldest: {
    max_candidate_sequences: 'int32 = 1',
    preferred_batch_size: 'repeated int32 = 2',
    max_queue_delay_microseconds: 'uint64 = 3',
    preserve_ordering: 'bool = 4',
  },
  ControlInput: { name: 'string = 1', control: 'repeated Control = 2' },
  Control: {
    kind: 'ControlKind = 1',
    int32_false_true: 'repeated int32 = 2',
    fp32_false_true: 'repeated float = 3',
    bool_false_true: 'repeated bool = 5',
    data_type: 'DataType = 4',
  },
  State: {
    input_name: 'string = 1',
    output_name: 'string = 2',
    data_type: 'DataType = 3',
    dims: 'repeated int64 = 4',
    initial_state: 'repeated InitialState = 5',
    use_same_buffer_for_input_output: 'bool = 6',
    use_growable_memory: 'bool = 7',
  },
  InitialState: {
    data_type: 'DataType = 1',
    dims: 'repeated int64 = 2',
    zero_data: 'bool = 3',
    data_file: 'string = 4',
    name: 'string = 5',
  },
  // The field is max_inflight_responses in 2.64, and max_inflight_requests in 2.73.
  Ensembling: {
    step: 'repeated Step = 1',
    max_inflight_responses: 'uint32 = 2',
    max_inflight_requests: 'uint32 = 2',
  },
  Step: {
    model_name: 'string = 1',
    model_version: 'int64 = 2',
    input_map: 'map string string = 3',
    output_map: 'map string string = 4',
    model_namespace: 'string = 5',
  },
  Parameter: { string_value: 'string = 1' },
  Warmup: {
    name: 'string = 1',
    batch_size: 'uint32 = 2',
    inputs: 'map string WarmupInput = 3',
    count: 'uint32 = 4',
  },
  WarmupInput: {
    data_type: 'DataType = 1',
    dims: 'repeated int64 = 2',
    zero_data: 'bool = 3',
    random_data: 'bool = 4',
    input_data_file: 'string = 5',
  },
  Operations: { op_library_filename: 'repeated string = 1' },
  TransactionPolicy: { decoupled: 'bool = 1' },
  RepositoryAgents: { agents: 'repeated Agent = 1' },
  Agent: { name: 'string = 1', parameters: 'map string string = 2' },
  ResponseCache: { enable: 'bool = 1' },
  Metrics: { metric_control: 'repeated MetricControl = 1' },
  MetricControl: { metric_identifier: 'MetricIdentifier = 1', histogram_options: 'HistogramOptions = 2' },
  MetricIdentifier: { family: 'string = 1' },
  HistogramOptions: { buckets: 'repeated double = 1' },
};

export interface FieldType {
  readonly cardinality: 'one' | 'repeated' | 'map';
  /** Type of one value: a scalar, an enumeration, a message; of a map `map KEY VALUE`, the whole entry. */
  readonly type: string;
  readonly number: number;
}

/** Parses the description of a field. */
export function parseField(described: string): FieldType {
  const {
    rule,
    type = '',
    number,
  } = /^(?<rule>repeated )?(?<type>.+) = (?<number>\d+)$/.exec(described)?.groups ?? {};
  const cardinality = type.startsWith('map ') ? 'map' : rule === undefined ? 'one' : 'repeated';
  return { cardinality, type, number: Number(number) };
}

/** Fields of a message of which only one may be given. */
export const alternatives: Readonly<Record<string, readonly string[]>> = {
  ModelConfig: ['dynamic_batching', 'sequence_batching', 'ensemble_scheduling'],
  VersionPolicy: ['latest', 'all', 'specific'],
  SequenceBatching: ['direct', 'oldest'],
  InitialState: ['zero_data', 'data_file'],
  WarmupInput: ['zero_data', 'random_data', 'input_data_file'],
};

/** Fields that Triton has had since a release after 2.51 (24.10); an older one rejects the file. */
export const recentFields: ReadonlySet<string> = new Set([
  'ModelConfig.model_metrics',
  'Ensembling.max_inflight_responses',
  'Ensembling.max_inflight_requests',
]);

/** Values of enumerations, in the order of their numbers from 0. */
export const enums: Readonly<Record<string, readonly string[]>> = {
  DataType: [
    'TYPE_INVALID',
    'TYPE_BOOL',
    'TYPE_UINT8',
    'TYPE_UINT16',
    'TYPE_UINT32',
    'TYPE_UINT64',
    'TYPE_INT8',
    'TYPE_INT16',
    'TYPE_INT32',
    'TYPE_INT64',
    'TYPE_FP16',
    'TYPE_FP32',
    'TYPE_FP64',
    'TYPE_STRING',
    'TYPE_BF16',
  ],
  Format: ['FORMAT_NONE', 'FORMAT_NHWC', 'FORMAT_NCHW'],
  InstanceKind: ['KIND_AUTO', 'KIND_GPU', 'KIND_CPU', 'KIND_MODEL'],
  SecondaryDeviceKind: ['KIND_NVDLA'],
  BatchInputKind: [
    'BATCH_ELEMENT_COUNT',
    'BATCH_ACCUMULATED_ELEMENT_COUNT',
    'BATCH_ACCUMULATED_ELEMENT_COUNT_WITH_ZERO',
    'BATCH_MAX_ELEMENT_COUNT_AS_SHAPE',
    'BATCH_ITEM_SHAPE',
    'BATCH_ITEM_SHAPE_FLATTEN',
  ],
  BatchOutputKind: ['BATCH_SCATTER_WITH_INPUT_SHAPE'],
  ModelPriority: ['PRIORITY_DEFAULT', 'PRIORITY_MAX', 'PRIORITY_MIN'],
  TimeoutAction: ['REJECT', 'DELAY'],
  ControlKind: [
    'CONTROL_SEQUENCE_START',
    'CONTROL_SEQUENCE_READY',
    'CONTROL_SEQUENCE_END',
    'CONTROL_SEQUENCE_CORRID',
  ],
};
