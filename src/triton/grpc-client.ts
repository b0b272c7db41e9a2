import { ChannelCredentials, Client, Metadata, type ChannelOptions } from '@grpc/grpc-js';
import { parseAddress } from './address.ts';
import { serverName, type ClientCredentials } from './client-credentials.ts';
import { createCallError } from './failed-call.ts';
import { decodeAnswer, encodeRequest, decodeStatistics } from './grpc-messages.ts';
import type * as wire from './grpc-messages.ts';
import type { InferenceServer } from './inference-server.ts';
import { collectResponses } from './grpc-stream.ts';
import { tritonService } from './service.ts';
import { trackSockets } from './sockets.ts';

export interface ConnectOptions {
  /** HOST:PORT of Triton's gRPC interface. */
  url: string;
  /** Signal whose abort cancels every running call. */
  signal: AbortSignal;
  /** Time limit of connecting and of every call except inferences. */
  callTimeoutMs?: number;
  /** Time limit of one inference; the first one on a device may compile or warm up. */
  inferTimeoutMs?: number;
  /** Path of the server's log, for errors. */
  log?: string | undefined;
  /** Credentials for a server with mutual TLS; without them the channel is not encrypted. */
  credentials?: ClientCredentials | undefined;
}

/** Size limit of answers about the server and its models. */
const otherAnswerBytes = 64 * 1024 * 1024;

const channelOptions = {
  // Proxies of compute nodes intercept gRPC and answer instead of the server.
  'grpc.enable_http_proxy': 0,
  // Querying the DNS for a service configuration takes time on nodes without an outside network.
  'grpc.service_config_disable_resolution': 1,
  // The server would count a repeated inference twice.
  'grpc.enable_retries': 0,
  'grpc.max_receive_message_length': otherAnswerBytes,
  'grpc.max_send_message_length': -1,
  // The default of 64 KiB halves the rate of large answers.
  'grpc-node.flow_control_window': 32 * 1024 * 1024,
  // A server that is starting should be noticed soon after it listens.
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 1000,
};

function channelTo(
  credentials: ClientCredentials | undefined,
  more: ChannelOptions = {},
): [ChannelCredentials, ChannelOptions] {
  if (credentials === undefined) {
    return [ChannelCredentials.createInsecure(), { ...channelOptions, ...more }];
  }
  const { ca, certificate, key } = credentials;
  const named = { 'grpc.ssl_target_name_override': serverName, 'grpc.default_authority': serverName };
  return [ChannelCredentials.createSsl(ca, key, certificate), { ...channelOptions, ...named, ...more }];
}

/**
 * Opens a channel; the first call makes the connection. The caller closes the channel.
 *
 * @throws {UsageError} when the address is unusable.
 */
export function connect(options: ConnectOptions): InferenceServer {
  const { url, signal, callTimeoutMs = 10_000, inferTimeoutMs = 120_000, log, credentials } = options;
  const { target, port } = parseAddress(url);
  const endSockets = trackSockets(port);
  const client = new Client(target, ...channelTo(credentials));
  const secure = credentials !== undefined;
  // gRPC limits the size of answers for each channel.
  let inferences: Client | undefined;

  const call = <Answer extends object>(
    name: string,
    request: object,
    { timeoutMs = callTimeoutMs, via = client } = {},
  ): Promise<Answer> =>
    new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const method = tritonService[name];
      if (method === undefined) {
        throw new Error(`no method ${name} in the protocol`);
      }
      const running = via.makeUnaryRequest<object, object>(
        method.path,
        method.requestSerialize,
        method.responseDeserialize,
        request,
        new Metadata(),
        { deadline: Date.now() + timeoutMs },
        (error, answer) => {
          signal.removeEventListener('abort', cancel);
          if (error === null && answer !== undefined) {
            resolve(answer as Answer);
          } else {
            reject(
              signal.aborted
                ? (signal.reason as Error)
                : createCallError(error, { name, url, timeoutMs, log, secure }),
            );
          }
        },
      );
      const cancel = () => {
        running.cancel();
      };
      signal.addEventListener('abort', cancel, { once: true });
    });

  return {
    url,
    log,
    isServerReady: async () => (await call<wire.Ready>('ServerReady', {})).ready,
    isModelReady: async (name, version) => (await call<wire.Ready>('ModelReady', { name, version })).ready,
    repositoryIndex: async () => (await call<wire.Index>('RepositoryIndex', {})).models,
    serverMetadata: () => call('ServerMetadata', {}),
    modelMetadata: (name, version) => call('ModelMetadata', { name, version }),
    modelConfig: async (name, version) => (await call<wire.Config>('ModelConfig', { name, version })).config,
    modelStatistics: async (name, version) =>
      (await call<wire.Statistics>('ModelStatistics', { name, version })).modelStats.map(decodeStatistics),
    limitAnswers: async (bytes) => {
      inferences?.close();
      const limited = new Client(
        target,
        ...channelTo(credentials, { 'grpc.max_receive_message_length': bytes }),
      );
      inferences = limited;
      // Connects in advance, so that the first inference takes no longer than the others; its error shows a
      // failed connection.
      await new Promise((resolve) => {
        limited.waitForReady(Date.now() + callTimeoutMs, resolve);
      });
    },
    infer: async (request) => {
      const how = { timeoutMs: inferTimeoutMs, via: inferences ?? client };
      return decodeAnswer(await call<wire.InferResponse>('ModelInfer', encodeRequest(request), how));
    },
    inferStream: (request) =>
      collectResponses(inferences ?? client, request, {
        url,
        signal,
        timeoutMs: inferTimeoutMs,
        log,
        secure,
      }),
    close: () => {
      client.close();
      inferences?.close();
      endSockets();
    },
  };
}
