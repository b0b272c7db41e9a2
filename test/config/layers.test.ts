import { expect, test } from '@jest/globals';
import { type Layer, mergeLayers, traceLayers } from '../../src/config/layers.ts';

const layers: Layer[] = [
  { origin: 'top', settings: { slurm: { partition: undefined, gpu: { count: 2 }, sbatch: { nice: 100 } } } },
  {
    origin: (path) => `file, ${path.join('/')}`,
    settings: { setup: ['module load b'], slurm: { partition: 'long', sbatch: { exclusive: true } } },
  },
  {
    origin: 'bottom',
    settings: { setup: ['module load a'], slurm: { partition: 'short', gpu: { count: 1 } } },
  },
];

test('each value names the layer that it came from', () => {
  expect(traceLayers(layers)).toEqual([
    { path: ['setup'], value: ['module load b'], origin: 'file, setup' },
    { path: ['slurm', 'partition'], value: 'long', origin: 'file, slurm/partition' },
    { path: ['slurm', 'gpu', 'count'], value: 2, origin: 'top' },
    { path: ['slurm', 'sbatch', 'exclusive'], value: true, origin: 'file, slurm/sbatch/exclusive' },
    { path: ['slurm', 'sbatch', 'nice'], value: 100, origin: 'top' },
  ]);
});

test('the values equal those of the merged configuration', () => {
  expect(mergeLayers(layers)).toEqual({
    setup: ['module load b'],
    slurm: { partition: 'long', gpu: { count: 2 }, sbatch: { exclusive: true, nice: 100 } },
  });
});

test('without layers there are no values', () => {
  expect(traceLayers([])).toEqual([]);
});
