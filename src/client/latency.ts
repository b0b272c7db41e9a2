import type { RequestResult } from './random-check.ts';

export interface LatencySummary {
  readonly count: number;
  readonly medianMs: number;
  readonly p95Ms: number;
  readonly maxMs: number;
  /** Megabytes (10^6 bytes) of inputs in all. */
  readonly sentMB: number;
  /** Megabytes sent for each second of waiting for answers. */
  readonly rateMBps: number;
  readonly requestsPerSecond: number;
}

/** Percentiles are nearest-rank: values that were really measured. Undefined without requests. */
export function summarizeLatency(
  requests: readonly RequestResult[],
  concurrency: number,
): LatencySummary | undefined {
  if (requests.length === 0) {
    return undefined;
  }
  const sorted = requests.map(({ latencyMs }) => latencyMs).sort((a, b) => a - b);
  const percentile = (share: number) => sorted[Math.ceil(share * sorted.length) - 1] ?? NaN;
  // Waits that run side by side count once.
  const seconds = sorted.reduce((sum, ms) => sum + ms, 0) / 1000 / Math.min(concurrency, sorted.length);
  const sentMB = requests.reduce((sum, { sentBytes }) => sum + sentBytes, 0) / 1e6;
  return {
    count: sorted.length,
    medianMs: percentile(0.5),
    p95Ms: percentile(0.95),
    maxMs: percentile(1),
    sentMB,
    rateMBps: sentMB / seconds,
    requestsPerSecond: sorted.length / seconds,
  };
}
