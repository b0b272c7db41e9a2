/**
 * Converts hostile images until the time is over or a case violates a rule:
 *
 *     node test/image/fuzz/run.ts --seed N [--first CASE] [--cases N] [--hours H]
 *
 * The cases run in a worker, so that a case that hangs is detected. After a violation, the exit code is 1 and the file
 * of the case is kept.
 */
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { fuzz, type FuzzOptions, type FuzzReport } from './cases.ts';

/** Time limit that no case reaches, even on a busy machine. */
const caseMs = 60_000;

if (isMainThread) {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string' },
      first: { type: 'string', default: '0' },
      cases: { type: 'string' },
      hours: { type: 'string' },
    },
  });
  const seed = Number(values.seed ?? Date.now() % 2 ** 31);
  const hours = Number(values.hours ?? (values.cases === undefined ? '1' : 'Infinity'));
  const options: FuzzOptions = {
    seed,
    first: Number(values.first),
    cases: Number(values.cases ?? 'Infinity'),
    endMs: Date.now() + hours * 3_600_000,
  };
  process.stdout.write(`fuzz: seed ${seed}\n`);
  await watch(options);
} else {
  await fuzz(workerData as FuzzOptions, (report) => parentPort?.postMessage(report));
}

function watch(options: FuzzOptions): Promise<void> {
  const worker = new Worker(new URL(import.meta.url), { workerData: options });
  let last: FuzzReport = { at: options.first, made: 0, file: '' };
  const fail = (what: string) => {
    process.stdout.write(
      `fuzz: case ${last.at} of seed ${options.seed}: ${what}\n  ${last.file}\n  again: node test/image/fuzz/run.ts --seed ${options.seed} --first ${last.at} --cases 1\n`,
    );
    process.exitCode = 1;
    void worker.terminate();
  };
  return new Promise((resolve) => {
    let timer: NodeJS.Timeout | undefined;
    const wait = () => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        fail(`no end after ${caseMs / 1000} s`);
      }, caseMs);
    };
    wait();
    worker.on('message', (report: FuzzReport) => {
      last = report;
      wait();
      if (report.problem !== undefined) {
        fail(report.problem);
      } else if (report.at % 1000 === 0) {
        process.stdout.write(`fuzz: ${report.at} cases, ${report.made} of them made a SIF\n`);
      }
    });
    worker.on('error', (error) => {
      fail(`the worker ended: ${String(error)}`);
    });
    worker.on('exit', () => {
      clearTimeout(timer);
      if (process.exitCode !== 1) {
        process.stdout.write(`fuzz: ${last.at + 1 - options.first} cases, ${last.made} of them made a SIF\n`);
      }
      resolve();
    });
  });
}
