import { expect, test } from '@jest/globals';
import path from 'node:path';
import { goalsTable } from '../../benchmarks/convert/goals.ts';
import { quoted } from '../../benchmarks/convert/quote.ts';
import { headlines } from '../../benchmarks/convert/report.ts';
import { lastResults } from '../../benchmarks/convert/results.ts';
import { stagesTable } from '../../benchmarks/convert/stages.ts';
import { packageRoot } from '../../src/support/package/package-root.ts';

const { series, starts, stages } = lastResults();

test('docs/internals/performance.md quotes the committed results', () => {
  const text = quoted(path.join(packageRoot, 'docs/internals/performance.md'));
  expect(text).toContain(headlines(series));
  expect(text).toContain(goalsTable(series, starts));
  expect(text).toContain(stagesTable(stages));
});

test('every converter was measured on the real image, each side in the same run', () => {
  const measured = new Set(
    series.filter(({ image }) => image === 'triton').map(({ converter }) => converter),
  );
  expect([...measured].sort()).toEqual([
    'apptainer build',
    'apptainer build, its defaults',
    'hpc-gat',
    'hpc-gat, unchanged',
    'hpc-gat, watched',
    'mksquashfs -tar',
    'umoci + mksquashfs',
  ]);
});
