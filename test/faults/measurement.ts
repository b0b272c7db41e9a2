import { readFileSync } from 'node:fs';
import path from 'node:path';
import { packageRoot } from '../../src/support/package/package-root.ts';

/** Result of one fault. */
export interface Measurement {
  readonly fault: string;
  readonly exitCode: number;
  /** First line that reported the fault. */
  readonly report: string;
  /** Time from the fault to that line, in ms. */
  readonly seconds: number;
  /** Leaks on the node before `hpc-gat cleanup`; afterwards there are none, or the test fails. */
  readonly left: readonly string[];
  /** Output of `hpc-gat cleanup`. */
  readonly cleanup: readonly string[];
}

/** Path of the results, written by `npm run test:faults` after all faults. */
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
