import { expect, test } from '@jest/globals';
import { main } from '../../src/main.ts';
import { testContext } from '../support/context.ts';
import { sumsProject } from './sums-project.ts';

const project = sumsProject();

test('wait-ready reports to people and to programs', async () => {
  const context = testContext({ cwd: project.directory });
  const argv = ['wait-ready', '--url', project.fake.url, '--model', 'sums'];
  expect(await main(argv, context)).toBe(0);
  expect(await main([...argv, '--json'], context)).toBe(0);
  expect(context.results).toEqual([
    expect.stringMatching(/^model sums at .* is ready after \d+\.\d s$/),
    { ready: true, url: project.fake.url, models: ['sums'], waitedMs: expect.any(Number) },
  ]);
  expect(await main([...argv, '--model', 'again'], context)).toBe(1);
  expect(await main([...argv, '--timeout', 'soon'], context)).toBe(2);
});
