import { configMessages } from './model-config-messages.ts';

/**
 * Part of Triton's gRPC interface (KServe v2 with Triton's extensions) that hpc-gat uses, in protobufjs' JSON
 * format. Messages contain only numbers and types, so the spelling of names here is free; fields that are not
 * listed are skipped when a server sends them.
 *
 * Source: triton-inference-server/common, protobuf/grpc_service.proto.
 */
interface Field {
  id: number;
  type: string;
  rule?: 'repeated';
  keyType?: 'string';
}

const one = (id: number, type: string): Field => ({ id, type });
const many = (id: number, type: string): Field => ({ id, type, rule: 'repeated' });

const parameters: Field = { id: 4, keyType: 'string', type: 'InferParameter' };

const modelName = { fields: { name: one(1, 'string'), version: one(2, 'string') } };
const empty = { fields: {} };
const ready = { fields: { ready: one(1, 'bool') } };
const tensor = {
  fields: { name: one(1, 'string'), datatype: one(2, 'string'), shape: many(3, 'int64') },
};

const methods = [
  'ServerLive',
  'ServerReady',
  'ModelReady',
  'ServerMetadata',
  'ModelMetadata',
  'ModelConfig',
  'ModelInfer',
  'ModelStatistics',
  'RepositoryIndex',
] as const;

const service = {
  methods: {
    ...Object.fromEntries(
      methods.map((name) => [
        name,
        { requestType: `${name}Request`, responseType: `${name}Response`, comment: '' },
      ]),
    ),
    ModelStreamInfer: {
      requestType: 'ModelInferRequest',
      responseType: 'ModelStreamInferResponse',
      requestStream: true,
      responseStream: true,
      comment: '',
    },
  },
};

const inferMessages = {
  ModelInferRequest: {
    fields: {
      modelName: one(1, 'string'),
      modelVersion: one(2, 'string'),
      id: one(3, 'string'),
      parameters,
      inputs: many(5, 'Tensor'),
      outputs: many(6, 'RequestedOutput'),
      rawInputContents: many(7, 'bytes'),
    },
    nested: { Tensor: tensor, RequestedOutput: { fields: { name: one(1, 'string') } } },
  },
  ModelInferResponse: {
    fields: {
      modelName: one(1, 'string'),
      modelVersion: one(2, 'string'),
      id: one(3, 'string'),
      parameters,
      outputs: many(5, 'Tensor'),
      rawOutputContents: many(6, 'bytes'),
    },
    nested: { Tensor: tensor },
  },
};

const streamMessages = {
  ModelStreamInferResponse: {
    fields: { errorMessage: one(1, 'string'), inferResponse: one(2, 'ModelInferResponse') },
  },
  InferParameter: {
    oneofs: { parameterChoice: { oneof: ['boolParam', 'int64Param', 'stringParam'] } },
    fields: { boolParam: one(1, 'bool'), int64Param: one(2, 'int64'), stringParam: one(3, 'string') },
  },
};

const statisticsMessages = {
  ModelStatisticsRequest: modelName,
  ModelStatisticsResponse: { fields: { modelStats: many(1, 'ModelStatistics') } },
  ModelStatistics: {
    fields: {
      name: one(1, 'string'),
      version: one(2, 'string'),
      inferenceCount: one(4, 'uint64'),
      executionCount: one(5, 'uint64'),
      inferenceStats: one(6, 'InferStatistics'),
      batchStats: many(7, 'InferBatchStatistics'),
    },
  },
  InferBatchStatistics: {
    fields: { batchSize: one(1, 'uint64'), computeInfer: one(3, 'StatisticDuration') },
  },
  InferStatistics: {
    fields: {
      success: one(1, 'StatisticDuration'),
      fail: one(2, 'StatisticDuration'),
      queue: one(3, 'StatisticDuration'),
      computeInput: one(4, 'StatisticDuration'),
      computeInfer: one(5, 'StatisticDuration'),
      computeOutput: one(6, 'StatisticDuration'),
      cacheHit: one(7, 'StatisticDuration'),
    },
  },
  StatisticDuration: { fields: { count: one(1, 'uint64'), ns: one(2, 'uint64') } },
};

export const tritonProtocol = {
  nested: {
    inference: {
      nested: {
        GRPCInferenceService: service,
        ServerLiveRequest: empty,
        ServerLiveResponse: { fields: { live: one(1, 'bool') } },
        ServerReadyRequest: empty,
        ServerReadyResponse: ready,
        ModelReadyRequest: modelName,
        ModelReadyResponse: ready,
        ServerMetadataRequest: empty,
        ServerMetadataResponse: {
          fields: { name: one(1, 'string'), version: one(2, 'string'), extensions: many(3, 'string') },
        },
        ModelMetadataRequest: modelName,
        ModelMetadataResponse: {
          fields: {
            name: one(1, 'string'),
            versions: many(2, 'string'),
            platform: one(3, 'string'),
            inputs: many(4, 'Tensor'),
            outputs: many(5, 'Tensor'),
          },
          nested: { Tensor: tensor },
        },
        RepositoryIndexRequest: { fields: { repositoryName: one(1, 'string'), ready: one(2, 'bool') } },
        RepositoryIndexResponse: {
          fields: { models: many(1, 'ModelIndex') },
          nested: {
            ModelIndex: {
              fields: {
                name: one(1, 'string'),
                version: one(2, 'string'),
                state: one(3, 'string'),
                reason: one(4, 'string'),
              },
            },
          },
        },
        ...inferMessages,
        ...streamMessages,
        ...statisticsMessages,
        ModelConfigRequest: modelName,
        ModelConfigResponse: { fields: { config: one(1, 'config.ModelConfig') } },
        config: { nested: configMessages() },
      },
    },
  },
};
