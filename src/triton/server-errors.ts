import { HpcGatError, type ErrorFacts } from '../support/errors.ts';

/**
 * Kind of failure of a call:
 * - `unreachable`: no connection, or the connection broke;
 * - `untrusted`: one side rejects the other's certificate, or does not use TLS;
 * - `deadline`: connected, but no answer in time;
 * - `unsupported`: the server lacks this call;
 * - `too-large`: the answer is larger than the limit, and was not received;
 * - `refused`: the server answered with an error.
 */
export type CallFailure = 'unreachable' | 'untrusted' | 'deadline' | 'unsupported' | 'too-large' | 'refused';

/** Error of a call to an inference server. */
export class InferenceServerError extends HpcGatError {
  readonly failure: CallFailure;
  /** Message of the server or the connection, without hpc-gat's context. */
  readonly detail: string;

  constructor(failure: CallFailure, message: string, detail: string, facts: ErrorFacts = {}) {
    super(message, facts);
    this.failure = failure;
    this.detail = detail;
  }

  /** Returns the same error with its context, such as the request that failed. */
  within(what: string): InferenceServerError {
    return new InferenceServerError(this.failure, `${what}: ${this.message}`, this.detail, {
      ...(this.fix !== undefined && { fix: this.fix }),
      ...(this.log !== undefined && { log: this.log }),
      cause: this.cause,
    });
  }
}
