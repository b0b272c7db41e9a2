import type { Context } from '../support/context.ts';
import { ExitCode } from '../support/errors.ts';
import { connect } from '../triton/grpc-client.ts';
import { readCredentialsIn } from './credentials-in.ts';
import { waitReady } from './wait-for-model.ts';

export interface WaitReadyVerbOptions {
  /** HOST:PORT of Triton's gRPC interface. */
  url: string;
  /** Directory of the client's credentials, for a server with mutual TLS. */
  credentials?: string | undefined;
  models: readonly string[];
  timeoutMs: number;
  serverLog?: string | undefined;
  json: boolean;
}

/** The verb `wait-ready`. */
export async function runWaitReady(options: WaitReadyVerbOptions, context: Context): Promise<number> {
  const { url, models, timeoutMs, serverLog, json } = options;
  const { output, clock, signal } = context;
  const server = connect({
    url,
    signal,
    callTimeoutMs: Math.min(10_000, timeoutMs),
    log: serverLog,
    credentials: await readCredentialsIn(options.credentials, context),
  });
  try {
    let waitedMs = 0;
    for (const model of models) {
      const onState = (state: string) => {
        output.info(`waiting for model ${model} at ${url}: ${state}`);
      };
      const rest = Math.max(0, timeoutMs - waitedMs);
      waitedMs += await waitReady(server, { model, version: '', timeoutMs: rest, clock, signal, onState });
      if (!json) {
        output.result(`model ${model} at ${url} is ready after ${(waitedMs / 1000).toFixed(1)} s`);
      }
    }
    if (json) {
      output.json({ ready: true, url, models, waitedMs });
    }
    return ExitCode.ok;
  } finally {
    server.close();
  }
}
