import {
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  status,
  type ServiceDefinition,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { tritonService } from '../../src/triton/service.ts';

/** Error that a handler throws to answer with a gRPC error. */
export class Fault extends Error {
  readonly code: number;
  readonly details: string;

  constructor(code: number, details: string) {
    super(details);
    this.code = code;
    this.details = details;
  }
}

export interface InferCall {
  modelName: string;
  modelVersion: string;
  inputs: { name: string; datatype: string; shape: number[] }[];
  outputs: { name: string }[];
  rawInputContents: Buffer[];
  parameters: Record<string, { boolParam?: boolean; int64Param?: number; stringParam?: string }>;
}

type Handler = (request: never) => object | Promise<object>;
export type Handlers = Record<string, Handler>;

export interface FakeServer {
  readonly url: string;
  /** Handlers by method name, which a test can replace at any time. */
  readonly handlers: Handlers;
  /** Received inferences, in order. */
  readonly inferences: InferCall[];
  /** Closes all connections at once, as when a process is killed. */
  kill(): void;
}

const tensors = {
  inputs: [
    { name: 'x', datatype: 'FP32', shape: [-1, 2] },
    { name: 'edges', datatype: 'INT64', shape: [2, -1] },
  ],
  outputs: [{ name: 'y', datatype: 'FP32', shape: [-1, 1] }],
};

/** Computes the answer of the fake model: y[n] = x[n][0] + x[n][1]. */
export function sums({ inputs, rawInputContents }: InferCall) {
  const nodes = inputs[0]?.shape[0] ?? 0;
  const x = Buffer.from(rawInputContents[0] ?? []);
  const y = Float32Array.from({ length: nodes }, (_, n) => x.readFloatLE(8 * n) + x.readFloatLE(8 * n + 4));
  return answer([nodes, 1], y);
}

export function answer(shape: number[], values: Float32Array, datatype = 'FP32') {
  return {
    modelName: 'sums',
    modelVersion: '3',
    outputs: [{ name: 'y', datatype, shape }],
    rawOutputContents: [new Uint8Array(values.buffer)],
  };
}

/**
 * Starts a server on loopback that implements Triton's protocol, serves the model `sums`, and behaves correctly until a
 * test changes a handler.
 */
export async function startFakeServer(credentials = ServerCredentials.createInsecure()): Promise<FakeServer> {
  const inferences: InferCall[] = [];
  const duration = () => ({ count: inferences.length, ns: inferences.length * 2_000_000 });
  const handlers: Handlers = {
    ServerLive: () => ({ live: true }),
    ServerReady: () => ({ ready: true }),
    ModelReady: ({ name }: { name: string }) => ({ ready: name === 'sums' }),
    RepositoryIndex: () => ({ models: [{ name: 'sums', version: '3', state: 'READY' }] }),
    ServerMetadata: () => ({ name: 'fake', version: '1' }),
    ModelMetadata: () => ({ name: 'sums', versions: ['3'], platform: 'fake', ...tensors }),
    ModelConfig: () => ({
      config: {
        name: 'sums',
        platform: 'fake',
        input: [
          { name: 'x', dataType: 'TYPE_FP32', dims: [-1, 2] },
          { name: 'edges', dataType: 'TYPE_INT64', dims: [2, -1] },
        ],
        output: [{ name: 'y', dataType: 'TYPE_FP32', dims: [-1, 1] }],
        instanceGroup: [{ name: 'sums', count: 2, kind: 'KIND_GPU', gpus: [0] }],
      },
    }),
    ModelStatistics: () => ({
      modelStats: [
        { name: 'sums', version: '2', inferenceStats: { success: { count: 1000, ns: 1 } } },
        {
          name: 'sums',
          version: '3',
          inferenceCount: inferences.length,
          executionCount: inferences.length,
          inferenceStats: { success: duration(), queue: duration(), computeInfer: duration() },
        },
      ],
    }),
    ModelInfer: sums,
    // The only response is marked as final.
    ModelStreamInfer: (request: InferCall) => [
      { inferResponse: { ...sums(request), parameters: { triton_final_response: { boolParam: true } } } },
    ],
  };
  const server = new Server({ 'grpc.max_receive_message_length': -1 });
  const definition = Object.fromEntries(Object.entries(tritonService)) as ServiceDefinition;
  const stream = (call: ServerDuplexStream<InferCall, object>) => {
    call.on('data', (request: InferCall) => {
      inferences.push(request);
      for (const reply of handlers.ModelStreamInfer?.(request as never) as object[]) {
        call.write(reply);
      }
      call.end();
    });
  };
  const implementation = Object.entries(definition).map(([name, { responseStream }]) => [
    name,
    responseStream
      ? stream
      : (call: { request: never }, done: (error: Fault | null, reply?: object) => void) => {
          if (name === 'ModelInfer') {
            inferences.push(call.request);
          }
          const handler = handlers[name] ?? unimplemented;
          void Promise.resolve()
            .then(() => handler(call.request))
            .then(
              (reply) => {
                done(null, reply);
              },
              (error: unknown) => {
                done(error instanceof Fault ? error : new Fault(status.INTERNAL, String(error)));
              },
            );
        },
  ]);
  server.addService(definition, Object.fromEntries(implementation) as UntypedServiceImplementation);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', credentials, (error, bound) => {
      if (error === null) {
        resolve(bound);
      } else {
        reject(error);
      }
    });
  });
  return {
    url: `127.0.0.1:${port}`,
    handlers,
    inferences,
    kill: () => {
      server.forceShutdown();
    },
  };
}

function unimplemented(): never {
  throw new Fault(status.UNIMPLEMENTED, 'not in this fake');
}
