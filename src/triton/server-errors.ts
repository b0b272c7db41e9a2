import { HpcGatError, type ErrorFacts } from '../support/errors.ts';

/**
 * - `unreachable`: no connection, or it broke;
 * - `untrusted`: one side does not take the other's certificate, or does not speak TLS;
 * - `deadline`: connected, but no answer in time;
 * - `unsupported`: the server lacks this call;
 * - `too-large`: the answer is larger than the limit, and was not received;
 * - `refused`: the server answered with an error of its own.
 */
export type CallFailure = 'unreachable' | 'untrusted' | 'deadline' | 'unsupported' | 'too-large' | 'refused';

/** A call that an inference server did not answer as asked. */
export class InferenceServerError extends HpcGatError {
  readonly failure: CallFailure;
  /** What the server or the connection said, without our own words around it. */
  readonly detail: string;

  constructor(failure: CallFailure, message: string, detail: string, facts: ErrorFacts = {}) {
    super(message, facts);
    this.failure = failure;
    this.detail = detail;
  }

  /** The same error, with what was being done when it came. */
  within(what: string): InferenceServerError {
    return new InferenceServerError(this.failure, `${what}: ${this.message}`, this.detail, {
      ...(this.fix !== undefined && { fix: this.fix }),
      ...(this.log !== undefined && { log: this.log }),
      cause: this.cause,
    });
  }
}
