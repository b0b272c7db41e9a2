import type { RequestResult } from './random-check.ts';

export interface LatencySummary {
  readonly count: number;
  readonly medianMs: number;
  readonly p95Ms: number;
  readonly maxMs: number;
  /** Megabytes (10^6 bytes) of all inputs. */
  readonly sentMB: number;
  /** Megabytes sent for each second of waiting for answers. */
  readonly rateMBps: number;
  readonly requestsPerSecond: number;
}

/** Summarizes latencies; undefined without requests. Percentiles are nearest-rank, that is, measured values. */
export function summarizeLatency(
  requests: readonly RequestResult[],
  concurrency: number,
): LatencySummary | undefined {
  if (requests.length === 0) {
    return undefined;
  }
  const sorted = requests.map(({ latencyMs }) => latencyMs).sort((a, b) => a - b);
  const percentile = (share: number) => sorted[Math.ceil(share * sorted.length) - 1] ?? NaN;
  // Concurrent requests count once.
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
