import { expect, test } from '@jest/globals';
import { missingLines } from './docs-steps.ts';

test('expected lines are matched in order, and `...` matches anything', () => {
  const printed = 'started\ntook 1.5 ms (a+b)\nPASS';
  expect(missingLines(['took ... ms (a+b)', 'PASS'], printed)).toEqual([]);
  expect(missingLines(['PASS', 'started'], printed)).toEqual(['started']);
  expect(missingLines(['took', 'PAS'], printed)).toEqual(['took', 'PAS']);
});
