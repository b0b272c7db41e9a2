import { readFileSync, writeFileSync, writeSync } from 'node:fs';

const GRACE_MS = 3_000;

/** File with the counts of earlier calls of jest in the same `npm test` (scripts/test.sh). */
const countsFile = process.env.HPC_GAT_TEST_COUNTS ?? '';

/**
 * @returns {[passed: number, failed: number, skipped: number]}
 */
function countedBefore() {
  const text = countsFile === '' ? '' : readFileSync(countsFile, 'utf8');
  const [passed = 0, failed = 0, skipped = 0] = text === '' ? [] : text.split(' ').map(Number);
  return [passed, failed, skipped];
}

/** Jest reporter that prints the last line: `N passed, N failed`, with `, N skipped` if there are any. */
export default class CountReporter {
  /** @type {Error | undefined} */
  #error;

  /** Error that makes jest fail without a failed test. */
  getLastError() {
    return this.#error;
  }

  /**
   * @param {unknown} _contexts
   * @param {import('@jest/reporters').AggregatedResult} results
   */
  onRunComplete(_contexts, results) {
    // A file that could not be loaded ran no test, and counts as a failure.
    let failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
    const skipped = results.numPendingTests + results.numTodoTests;
    if (process.env.CI === 'true' && skipped > 0) {
      failed += 1;
      this.#error = new Error('with CI=true no test may be skipped');
    }
    // Jest still buffers its own summary here, and this line must follow it.
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
    // The timer keeps no process alive; if it fires, a test has left an open handle.
    setTimeout(() => {
      failed += 1;
      writeSync(2, `open handles after the last test: ${process.getActiveResourcesInfo().join(', ')}\n`);
      process.exit(1);
    }, GRACE_MS).unref();
  }
}
