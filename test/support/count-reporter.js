import { readFileSync, writeFileSync, writeSync } from 'node:fs';

const GRACE_MS = 3_000;

/** The counts of the calls of jest before this one of the same `npm test` (scripts/test.sh), which hands on a file. */
const countsFile = process.env.HPC_GAT_TEST_COUNTS ?? '';

/**
 * @returns {[passed: number, failed: number, skipped: number]}
 */
function countedBefore() {
  const text = countsFile === '' ? '' : readFileSync(countsFile, 'utf8');
  const [passed = 0, failed = 0, skipped = 0] = text === '' ? [] : text.split(' ').map(Number);
  return [passed, failed, skipped];
}

/** Jest reporter of the last line: `N passed, N failed`, with `, N skipped` where there are any. */
export default class CountReporter {
  /** @type {Error | undefined} */
  #error;

  /** What makes jest fail although no test did. */
  getLastError() {
    return this.#error;
  }

  /**
   * @param {unknown} _contexts
   * @param {import('@jest/reporters').AggregatedResult} results
   */
  onRunComplete(_contexts, results) {
    // A file that could not be loaded ran no test of its own, and is a failure all the same.
    let failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
    const skipped = results.numPendingTests + results.numTodoTests;
    if (process.env.CI === 'true' && skipped > 0) {
      failed += 1;
      this.#error = new Error('with CI=true no test may be skipped');
    }
    // Jest's own summary is still buffered here; this line has to follow it.
    process.once('exit', () => {
      const before = countedBefore();
      const [allPassed, allFailed, allSkipped] = [
        before[0] + results.numPassedTests,
        before[1] + failed,
        before[2] + skipped,
      ];
      if (countsFile !== '') {
        writeFileSync(countsFile, `${allPassed} ${allFailed} ${allSkipped}`);
      }
      const tail = allSkipped > 0 ? `, ${allSkipped} skipped` : '';
      writeSync(1, `${allPassed} passed, ${allFailed} failed${tail}\n`);
    });
    // The timer alone keeps nothing alive: when it fires, a test left something open.
    setTimeout(() => {
      failed += 1;
      writeSync(2, `open handles after the last test: ${process.getActiveResourcesInfo().join(', ')}\n`);
      process.exit(1);
    }, GRACE_MS).unref();
  }
}
