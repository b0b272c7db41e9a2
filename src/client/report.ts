import { datatypeOfConfig } from '../triton/datatypes.ts';
import type { ModelConfig } from '../triton/inference-server.ts';
import type { LatencySummary } from './latency.ts';
import type { Change, Provenance } from './provenance.ts';
import type { RequestResult } from './random-check.ts';
import { getTolerance, formatTolerance, type ReferenceResult } from './reference-check.ts';
import { formatImage } from './served-image.ts';
import type { ServerStatistics } from './statistics.ts';
import type { Workload } from '../workload/workload-schema.ts';

/** Lines of the report. Every function returns complete lines, without line feeds. */

const LABEL_WIDTH = 12;

function label(name: string, lines: readonly string[]): string[] {
  return lines.map((line, index) => (index === 0 ? name : '').padEnd(LABEL_WIDTH) + line);
}

export function formatServerLine(server: { name: string; version: string }, url: string): string {
  return `server      ${server.name} ${server.version} at ${url}`;
}

export function formatConfig(config: ModelConfig, versions: readonly string[]): string[] {
  const tensors = [...config.input, ...config.output];
  const width = Math.max(0, ...tensors.map(({ name }) => name.length));
  const shown = ({ name, dataType, dims, optional }: ModelConfig['input'][number]) =>
    `${name.padEnd(width)}  ${datatypeOfConfig(dataType).padEnd(6)} [${dims.join(', ')}]${optional === true ? ' optional' : ''}`;
  const { maxBatchSize, dynamicBatching } = config;
  return [
    ...label('model', [`${config.name}, version ${versions.join(', ')}`]),
    ...label('platform', [
      [config.platform, config.backend].filter((part) => part !== '').join(', backend '),
    ]),
    ...label('max batch', [maxBatchSize === 0 ? '0: the server does not batch' : String(maxBatchSize)]),
    ...(dynamicBatching === null
      ? []
      : label('batching', [`dynamic, waits up to ${dynamicBatching.maxQueueDelayMicroseconds} us`])),
    ...(config.sequenceBatching === null
      ? []
      : label('sequences', ['each request is sent as a sequence of its own'])),
    ...(config.modelTransactionPolicy?.decoupled === true
      ? label('decoupled', ['requests go over a stream; all responses are checked'])
      : []),
    ...label('inputs', config.input.map(shown)),
    ...label('outputs', config.output.map(shown)),
    ...label('instances', config.instanceGroup.map(formatInstance)),
  ];
}

function formatInstance({ count, kind, gpus }: ModelConfig['instanceGroup'][number]): string {
  const devices = gpus.length === 0 ? '' : ` ${gpus.join(', ')}`;
  return `${count} on ${kind.replace('KIND_', '')}${devices}`;
}

/** Formats the origin of a reference, and the changes since. */
export function formatProvenance(
  { recordedAt, server, image }: Provenance,
  changes: readonly Change[],
): string[] {
  const from = image === undefined ? '' : ` from ${formatImage(image)}`;
  return [
    ...label('recorded', [`${recordedAt}, with ${server.name} ${server.version}${from}`]),
    ...label(
      'changed',
      changes.map(({ what, recorded, now }) => `${what}: ${recorded} then, ${now} now`),
    ),
  ];
}

export function formatReferenceResult(
  { case: name, maxDifference, latencyMs }: ReferenceResult,
  workload: Workload,
): string {
  const tolerances = Object.keys(workload.outputs).map((output) =>
    formatTolerance(getTolerance(workload, output)),
  );
  const tolerance = new Set(tolerances).size === 1 ? (tolerances[0] ?? '') : 'of each output';
  const difference = maxDifference === 0 ? '0' : maxDifference.toExponential(1);
  return `reference   ${name}: differs by ${difference} at most (tolerance ${tolerance}), ${latencyMs.toFixed(1)} ms`;
}

/** Creates the table of random requests: a heading, and one line for each request. */
export function createRequestTable(workload: Workload): {
  heading: string;
  line: (result: RequestResult) => string;
} {
  const sizes = Object.keys(workload.random?.sizes ?? {});
  const cells = (index: string, middle: readonly string[], last: readonly string[]) =>
    index.padStart(7) +
    middle.map((cell, at) => cell.padStart(Math.max(8, (sizes[at] ?? '').length + 2))).join('') +
    last.map((cell) => cell.padStart(12)).join('');
  return {
    heading: cells('request', sizes, ['MB', 'ms', 'requests/s']),
    line: (result) =>
      cells(
        String(result.index),
        sizes.map((name) => String(result.sizes[name])),
        [
          (result.sentBytes / 1e6).toFixed(2),
          result.latencyMs.toFixed(1),
          (1000 / result.latencyMs).toFixed(1),
        ],
      ),
  };
}

export function formatStatistics(model: string, statistics: ServerStatistics): string[] {
  const { version, success, executions, cached, batches } = statistics;
  const { queueMs, computeInputMs, computeInferMs, computeOutputMs } = statistics;
  const batched = batches.filter(({ size }) => size > 1);
  return label('counted', [
    `model ${model}, version ${version}: ${success} requests in ${executions} executions`,
    ...(cached === 0
      ? []
      : [
          `answered from the response cache, without the model: ${cached} (random.seed makes other requests)`,
        ]),
    ...(batched.length === 0
      ? []
      : [
          `executions by batch size: ${batches.map((batch) => `${batch.executions} of ${batch.size}`).join(', ')}`,
        ]),
    `mean per request: queue ${queueMs.toFixed(2)} ms, input ${computeInputMs.toFixed(2)} ms, ` +
      `infer ${computeInferMs.toFixed(2)} ms, output ${computeOutputMs.toFixed(2)} ms`,
  ]);
}

export function formatLatency(latency: LatencySummary): string[] {
  const { count, medianMs, p95Ms, maxMs, sentMB, rateMBps, requestsPerSecond } = latency;
  return label('measured', [
    `${count} random requests, ${sentMB.toFixed(1)} MB: ${rateMBps.toFixed(1)} MB/s, ${requestsPerSecond.toFixed(1)} requests/s`,
    `latency: median ${medianMs.toFixed(1)} ms, p95 ${p95Ms.toFixed(1)} ms, max ${maxMs.toFixed(1)} ms`,
  ]);
}
