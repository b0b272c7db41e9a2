import { writeSync } from 'node:fs';

/** Jest reporter of the last line: `N passed, N failed`, with `, N skipped` where there are any. */
export default class CountReporter {
  /**
   * @param {unknown} _contexts
   * @param {import('@jest/reporters').AggregatedResult} results
   */
  onRunComplete(_contexts, results) {
    // A file that could not be loaded ran no test of its own, and is a failure all the same.
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
    const skipped = results.numPendingTests + results.numTodoTests;
    const line = `${results.numPassedTests} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`;
    // Jest's own summary is still buffered here; this line has to follow it.
    process.once('exit', () => writeSync(1, line));
  }
}
