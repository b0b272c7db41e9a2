import { expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { goalsTable } from '../../benchmarks/convert/goals.ts';
import { quoted } from '../../benchmarks/convert/quote.ts';
import { headlines, type Series } from '../../benchmarks/convert/report.ts';
import { stagesTable, type Stage } from '../../benchmarks/convert/stages.ts';
import type { Start } from '../../benchmarks/convert/starts.ts';
import { packageRoot } from '../../src/support/package-root.ts';

interface Results {
  readonly series: readonly Series[];
  readonly starts: readonly Start[];
  readonly stages: readonly Stage[];
}

const page = (name: string) => path.join(packageRoot, name);
const { series, starts, stages } = JSON.parse(
  readFileSync(page('benchmarks/results/convert.json'), 'utf8'),
) as Results;

test('the README quotes the committed results', () => {
  expect(quoted(page('README.md'))).toBe(headlines(series));
});

test('so does the page on performance', () => {
  const text = quoted(page('docs/performance.md'));
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
