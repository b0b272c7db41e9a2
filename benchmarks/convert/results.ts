import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';
import path from 'node:path';
import { goalsTable } from './goals.ts';
import { quote } from './quote.ts';
import { chart, headlines, markdownTable, type Series } from './report.ts';
import { stagesTable, type Stage } from './stages.ts';
import { startsTable, type Start } from './starts.ts';
import { root } from './this-checkout.ts';

interface Machine {
  readonly processor: string;
  readonly processors: number;
  readonly memoryGiB: number;
  readonly kernel: string;
  readonly node: string;
  readonly loadBefore: number | undefined;
  readonly date: string;
}

/** Content of `convert.json`. */
export interface Results {
  readonly machine: Machine;
  readonly series: readonly Series[];
  readonly starts: readonly Start[];
  readonly stages: readonly Stage[];
}

const directory = path.join(root, 'benchmarks', 'results');

/** Reads the results of the last recorded run. */
export function lastResults(): Results {
  return JSON.parse(readFileSync(path.join(directory, 'convert.json'), 'utf8')) as Results;
}

export function machineNow(): Machine {
  return {
    processor: cpus()[0]?.model ?? 'unknown',
    processors: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.version,
    loadBefore: loadavg()[0],
    date: new Date().toISOString().slice(0, 10),
  };
}

/** @param isQuoted whether docs/internals/performance.md quotes these results from now on. */
export function writeResults(results: Results, isQuoted: boolean): void {
  const { machine, series, starts, stages } = results;
  mkdirSync(directory, { recursive: true });
  const summary = `${machine.processors} processors (${machine.processor}), ${machine.memoryGiB} GiB, Linux ${machine.kernel}, Node ${machine.node}; ${machine.date}. Medians.`;
  const goals = goalsTable(series, starts);
  const files = {
    'convert.json': `${JSON.stringify(results, undefined, 2)}\n`,
    'convert.md': `${[summary, goals, markdownTable(series), startsTable(starts), stagesTable(stages)].join('\n\n')}\n`,
    'convert.svg': chart(series),
  };
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(path.join(directory, name), text);
  }
  if (isQuoted) {
    const parts = [summary, headlines(series), goals, stagesTable(stages)];
    quote(path.join(root, 'docs', 'internals', 'performance.md'), parts.join('\n\n'));
  }
}
