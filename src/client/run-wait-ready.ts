import type { Context } from '../support/context.ts';
import { ExitCode } from '../support/errors.ts';
import { withServer, type ServerConnection } from './with-server.ts';
import { waitReady } from './wait-for-model.ts';

export interface WaitReadyVerbOptions extends Omit<ServerConnection, 'readyTimeoutMs' | 'inferTimeoutMs'> {
  models: readonly string[];
  timeoutMs: number;
  json: boolean;
}

/** Runs the verb `wait-ready`. */
export async function runWaitReady(options: WaitReadyVerbOptions, context: Context): Promise<number> {
  const { url, models, timeoutMs, json } = options;
  const { output, clock, signal } = context;
  return withServer({ ...options, readyTimeoutMs: timeoutMs }, context, async (server) => {
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
  });
}
