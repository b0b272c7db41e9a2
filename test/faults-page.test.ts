import { expect, test } from '@jest/globals';
import { readFileSync, writeFileSync } from 'node:fs';
import { faultClasses } from './faults/fault.ts';
import { matrix } from './faults/matrix.ts';
import { pageFile, readMeasuredRun } from './faults/measurement.ts';
import { renderPage } from './faults/page.ts';

test('docs/guides/faults.md matches the measurements of the existing faults', () => {
  expect(readMeasuredRun().measurements.map(({ fault }) => fault)).toEqual(matrix.map(({ name }) => name));
  // UPDATE_GOLDEN=1 writes the page again from the same measurements, as for the golden scripts.
  if (process.env.UPDATE_GOLDEN === '1') {
    writeFileSync(pageFile, renderPage(matrix, readMeasuredRun()));
  }
  expect(readFileSync(pageFile, 'utf8')).toBe(renderPage(matrix, readMeasuredRun()));
});

test.each(faultClasses)('npm test injects a fault of the class %s', (name) => {
  expect(matrix.some((fault) => fault.class === name && fault.inShortRun === true)).toBe(true);
});

test('a fault name is a valid run name', () => {
  for (const { name } of matrix) {
    expect(name).toMatch(/^[a-z][a-z-]{0,32}$/);
  }
});

test.each([
  // The time starts when Triton reports the error.
  ['model-cannot-load', 10],
  // The time starts when the port was taken, while the models of that fault load for five seconds.
  ['port-taken', 20],
])('the reason of %s is reported within %i s', (name, seconds) => {
  const measured = readMeasuredRun().measurements.find(({ fault }) => fault === name);
  expect(measured?.seconds).toBeLessThan(seconds);
});
