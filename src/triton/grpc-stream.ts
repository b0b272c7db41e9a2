import { type Client, Metadata, type ServiceError } from '@grpc/grpc-js';
import { InferenceServerError } from './server-errors.ts';
import { type Attempt, createCallError } from './failed-call.ts';
import { decodeAnswer, encodeRequest, type StreamResponse } from './grpc-messages.ts';
import type { InferAnswer, InferRequest } from './inference-server.ts';
import { tritonService } from './service.ts';

const name = 'ModelStreamInfer';

/** Parameter that makes Triton mark the final response even when it has no output. */
const emptyFinalResponse = { triton_enable_empty_final_response: { boolParam: true } };

/**
 * Sends one request over a separate stream and collects the responses up to the one that is marked as final.
 *
 * @throws {InferenceServerError} when the server reports an error, ends the stream early, or exceeds the time
 * limit.
 */
export function collectResponses(
  client: Client,
  request: InferRequest,
  { url, signal, timeoutMs, log, secure }: Omit<Attempt, 'name'> & { readonly signal: AbortSignal },
): Promise<InferAnswer[]> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const method = tritonService[name];
    if (method === undefined) {
      throw new Error(`no method ${name} in the protocol`);
    }
    const stream = client.makeBidiStreamRequest<object, StreamResponse>(
      method.path,
      method.requestSerialize,
      method.responseDeserialize as (bytes: Buffer) => StreamResponse,
      new Metadata(),
      { deadline: Date.now() + timeoutMs },
    );
    const answers: InferAnswer[] = [];
    const end = (act: () => void) => {
      signal.removeEventListener('abort', cancel);
      stream.cancel();
      act();
    };
    const fail = (error: unknown) => {
      end(() => {
        reject(signal.aborted ? (signal.reason as Error) : (error as Error));
      });
    };
    const cancel = () => {
      fail(signal.reason);
    };
    signal.addEventListener('abort', cancel, { once: true });
    stream.on('data', ({ errorMessage, inferResponse }: StreamResponse) => {
      if (errorMessage !== '' || inferResponse === null) {
        const detail = errorMessage.trim().replaceAll(/\s+/g, ' ') || 'it gave no reason';
        fail(
          new InferenceServerError('refused', `${url} refused ${name}: ${detail}`, detail, {
            fix: "see the server's log",
            ...(log !== undefined && { log }),
          }),
        );
        return;
      }
      try {
        if (inferResponse.outputs.length > 0) {
          answers.push(decodeAnswer(inferResponse));
        }
      } catch (error) {
        fail(error);
        return;
      }
      if (inferResponse.parameters.triton_final_response?.boolParam === true) {
        end(() => {
          resolve(answers);
        });
      }
    });
    stream.on('error', (error: ServiceError) => {
      fail(createCallError(error, { name, url, timeoutMs, log, secure }));
    });
    stream.on('end', () => {
      const detail = 'the stream ended before the final response';
      fail(new InferenceServerError('refused', `${url}: ${name}: ${detail}`, detail));
    });
    const message = encodeRequest(request) as { parameters?: object };
    stream.write({ ...message, parameters: { ...message.parameters, ...emptyFinalResponse } });
    stream.end();
  });
}
