import type { Context } from '../support/context.ts';
import { ExitCode } from '../support/errors.ts';
import { connect } from '../triton/grpc-client.ts';
import { credentialsIn } from './credentials-in.ts';
import { waitReady } from './wait-ready.ts';

export interface WaitReadyVerbOptions {
  /** HOST:PORT of Triton's gRPC interface. */
  url: string;
  /** Folder of the client's credentials, for a server with mutual TLS. */
  credentials?: string | undefined;
  model: string;
  timeoutMs: number;
  serverLog?: string | undefined;
  json: boolean;
}

/** The verb `wait-ready`. */
export async function runWaitReady(options: WaitReadyVerbOptions, context: Context): Promise<number> {
  const { url, model, timeoutMs, serverLog, json } = options;
  const { output, clock, signal } = context;
  const server = connect({
    url,
    signal,
    callTimeoutMs: Math.min(10_000, timeoutMs),
    log: serverLog,
    credentials: await credentialsIn(options.credentials, context),
  });
  try {
    const onState = (state: string) => {
      output.info(`waiting for model ${model} at ${url}: ${state}`);
    };
    const waitedMs = await waitReady(server, {
      model,
      version: '',
      timeoutMs,
      clock,
      signal,
      onState,
    });
    if (json) {
      output.json({ ready: true, url, model, waitedMs });
    } else {
      output.result(`model ${model} at ${url} is ready after ${(waitedMs / 1000).toFixed(1)} s`);
    }
    return ExitCode.ok;
  } finally {
    server.close();
  }
}
