import { expect, test } from '@jest/globals';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { installBundledModel } from '../../src/model/bundled.ts';
import { testContext } from '../support/context.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

test('the bundled model is installed into a repository once, and replaces nothing', async () => {
  const repository = path.join(temporaryDirectory(), 'models');
  const place = (name: string, dryRun = false) =>
    installBundledModel(testContext(), repository, name, dryRun);
  expect(await place('gat_test', true)).toBe('would be placed');
  expect(await place('gat_test')).toBe('placed');
  expect(await readdir(repository)).toEqual(['gat_test']);
  expect(await readdir(path.join(repository, 'gat_test'))).toEqual(
    expect.arrayContaining(['1', 'config.pbtxt', 'workload.yaml']),
  );
  expect(await place('gat_test')).toBe('is there already');
  expect(await place('another')).toBe('does not come along');
});
