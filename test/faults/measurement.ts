import { readFileSync } from 'node:fs';
import path from 'node:path';
import { packageRoot } from '../../src/support/package-root.ts';

/** What came out of one fault. */
export interface Measurement {
  readonly fault: string;
  readonly exitCode: number;
  /** The first line that told the user. */
  readonly told: string;
  /** From the fault to that line. */
  readonly seconds: number;
  /** What was left on the node before `hpc-gat cleanup`; afterwards it is nothing, or the test fails. */
  readonly left: readonly string[];
  /** What `hpc-gat cleanup` said. */
  readonly cleanup: readonly string[];
}

/** Written by `npm run test:faults` when every fault was provoked. */
export interface MeasuredRun {
  readonly schemaVersion: 1;
  readonly date: string;
  readonly cores: number;
  readonly measurements: readonly Measurement[];
}

export const measuredFile = path.join(packageRoot, 'test', 'faults', 'measured.json');

export const pageFile = path.join(packageRoot, 'docs', 'guides', 'faults.md');

export function readMeasuredRun(): MeasuredRun {
  return JSON.parse(readFileSync(measuredFile, 'utf8')) as MeasuredRun;
}
