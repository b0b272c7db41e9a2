import { expect, test } from '@jest/globals';
import { formatDirective } from '../../src/slurm/directives.ts';
import { samplePlan, sampleSettings } from '../run/plan/sample-plan.ts';

function directives(...args: Parameters<typeof samplePlan>): Record<string, unknown> {
  return Object.fromEntries(samplePlan(...args).directives);
}

test('a GPU job uses the GPU settings, and the general ones for the rest', () => {
  const slurm = { partition: 'cpu', account: 'phys', gpu: { partition: 'gpu', count: 2 } };
  expect(directives({ slurm }, { gpu: true })).toMatchObject({
    partition: 'gpu',
    account: 'phys',
    gres: 'gpu:2',
  });
  expect(directives({ slurm })).toMatchObject({ partition: 'cpu', account: 'phys' });
  expect(directives({ slurm })).not.toHaveProperty('gres');
});

test.each([
  ['gres', 'gres', 'gpu:a100:2'],
  ['gpus', 'gpus', 'a100:2'],
  ['gpus-per-node', 'gpus-per-node', 'a100:2'],
] as const)('requests GPUs at a site with %s', (request, option, value) => {
  const slurm = { gpu: { request, type: 'a100', count: 2 } };
  expect(directives({ slurm }, { gpu: true })).toMatchObject({ [option]: value });
});

test('a site without GPU requests gets only the partition', () => {
  const slurm = { partition: 'cpu', gpu: { request: 'none', partition: 'h100' } } as const;
  const options = directives({ slurm }, { gpu: true });
  expect(options).toMatchObject({ partition: 'h100' });
  expect(Object.keys(options).filter((name) => /^gres|gpu/.test(name))).toEqual([]);
});

test.each([{ count: 2 }, { type: 'a100' }])(
  'a site without GPU requests does not silently drop %j',
  (wish) => {
    const slurm = { gpu: { request: 'none', ...wish } } as const;
    expect(() => directives({ slurm }, { gpu: true })).toThrow(/no request for GPUs/);
  },
);

test('an option given by name precedes everything; false removes it', () => {
  const slurm = { partition: 'cpu', sbatch: { partition: 'other', export: false, exclusive: true, nice: 7 } };
  const chosen = directives({ slurm });
  expect(chosen).toMatchObject({ partition: 'other', exclusive: true, nice: '7' });
  expect(chosen).not.toHaveProperty('export');
});

test.each(['array', 'wait', 'wrap', 'test-only'])('rejects the option %s with an explanation', (name) => {
  expect(() => directives({ slurm: { sbatch: { [name]: '1-3' } } })).toThrow(
    expect.objectContaining({ exitCode: 2, message: `the sbatch option ${name} cannot be used for a run` }),
  );
});

test('signals the shell early enough to stop the server', () => {
  expect(directives({ triton: { stopSeconds: 50 } })).toMatchObject({ signal: 'B:USR1@60' });
});

test('escapes a percent sign in the path of the log', () => {
  const plan = samplePlan({}, { id: 'a' });
  expect(plan.directives.find(([name]) => name === 'output')?.[1]).toBe(
    '/home/alice/gat/.hpc-gat/runs/a/batch.log',
  );
  const odd = samplePlan({}, { project: { root: '/p%j', site: 'x', settings: sampleSettings() } });
  expect(odd.directives.find(([name]) => name === 'output')?.[1]).toBe(
    '/p%%j/.hpc-gat/runs/sample/batch.log',
  );
});

test.each([
  [['exclusive', true], '#SBATCH --exclusive'],
  [['time', '1-00:00:00'], '#SBATCH --time=1-00:00:00'],
  [['comment', 'two words'], '#SBATCH --comment="two words"'],
  [['comment', 'a "b" \\ # c'], '#SBATCH --comment="a \\"b\\" \\\\ # c"'],
] as const)('formats the directive %j', (directive, line) => {
  expect(formatDirective(directive)).toBe(line);
});

test.each([
  ['a line break in the value', ['comment', 'a\nb']],
  ['a line break in the name', ['comment\nrm', 'x']],
  ['a name with dashes before it', ['--comment', 'x']],
] as const)('rejects %s', (_what, directive) => {
  expect(() => formatDirective(directive)).toThrow(/sbatch/);
});

test('passes neither the environment nor the limits of the submitting shell, unless requested', () => {
  expect(directives()).toMatchObject({ export: 'NONE', propagate: 'NONE' });
  expect(directives({ slurm: { sbatch: { propagate: 'STACK' } } })).toMatchObject({ propagate: 'STACK' });
  expect(directives({ slurm: { sbatch: { propagate: false } } })).not.toHaveProperty('propagate');
});
