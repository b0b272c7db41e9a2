import { createHash } from 'node:crypto';
import type { Context } from '../support/context.ts';
import type { InferenceServer } from '../triton/inference-server.ts';
import { formatConfig, formatServerLine } from './report.ts';
import { checkSignature } from '../workload/signature.ts';
import type { StoredInputs } from '../workload/stored-inputs.ts';
import { waitReady } from './wait-for-model.ts';
import type { Workload } from '../workload/workload-schema.ts';
import type { ServedModel } from './served-model.ts';

export interface DescribeOptions {
  readyTimeoutMs: number;
  /** Prints a line of the result. */
  print: (line: string) => void;
}

/**
 * Waits for the model of a workload, prints its description by the server, and compares the workload with
 * that.
 *
 * @throws {NotReadyError} when the model is not ready in time.
 * @throws {UsageError} when the workload does not fit the model, after `onDescribed`.
 */
export async function describeServedModel(
  server: InferenceServer,
  { workload, stored }: { workload: Workload; stored: StoredInputs },
  { clock, signal, output }: Pick<Context, 'clock' | 'signal' | 'output'>,
  { readyTimeoutMs, print, onDescribed }: DescribeOptions & { onDescribed?: (served: ServedModel) => void },
): Promise<ServedModel> {
  const { model, version } = workload;
  output.info(`waiting for model ${model} at ${server.url}`);
  const onState = (state: string) => {
    output.info(`  ${state}`);
  };
  const timeoutMs = readyTimeoutMs;
  const readyMs = await waitReady(server, { model, version, timeoutMs, clock, signal, onState });
  const [{ name, version: release }, config, metadata] = await Promise.all([
    server.serverMetadata(),
    server.modelConfig(model, version),
    server.modelMetadata(model, version),
  ]);
  const served = {
    readyMs,
    server: { name, version: release },
    modelConfig: config,
    modelConfigDigest: createHash('sha256').update(JSON.stringify(config)).digest('hex'),
  };
  onDescribed?.(served);
  [formatServerLine(served.server, server.url), ...formatConfig(config, metadata.versions)].forEach(print);
  checkSignature(workload, { metadata, config }, stored.sizes);
  return served;
}
