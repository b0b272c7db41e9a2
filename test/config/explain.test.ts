import { expect, test } from '@jest/globals';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { main } from '../../src/main.ts';
import { testContext } from '../support/context.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

interface Shown {
  key: string;
  value: unknown;
  origin: string;
  unused?: string;
}

async function show(
  text: string,
  argv: readonly string[],
  env: Record<string, string> = {},
): Promise<Record<string, Shown>> {
  const cwd = temporaryDirectory();
  await writeFile(path.join(cwd, 'hpc-gat.yaml'), text);
  const context = testContext({ cwd, env });
  expect(await main(['config', 'show', '--json', ...argv], context)).toBe(0);
  const [{ values }] = context.results as [{ values: Shown[] }];
  return Object.fromEntries(values.map((value) => [value.key, value]));
}

test('distinguishes command line, variable, line of the file, site and default', async () => {
  const values = await show(
    'site: lab\nslurm:\n  cpus: 4\n  gpu: { partition: mine, account: mine }\nsetup:\n  - module load a\n',
    ['--memory', '8G'],
    { HPC_GAT_ACCOUNT: 'env' },
  );
  expect(values).toMatchObject({
    site: { value: 'lab', origin: 'hpc-gat.yaml:1' },
    'slurm.memory': { value: '8G', origin: 'command line' },
    'slurm.account': { value: 'env', origin: 'environment variable HPC_GAT_ACCOUNT' },
    'slurm.gpu.account': { value: 'env', origin: 'environment variable HPC_GAT_ACCOUNT' },
    'slurm.cpus': { value: 4, origin: 'hpc-gat.yaml:3' },
    'slurm.gpu.partition': { value: 'mine', origin: 'hpc-gat.yaml:4' },
    setup: { value: ['module load a'], origin: 'hpc-gat.yaml:5' },
    'slurm.partition': { value: 'cpu', origin: 'site lab' },
    'model.name': { value: 'gat_test', origin: 'default' },
  });
});

test('reports the origin of the site name too', async () => {
  expect((await show('{}', [])).site).toMatchObject({ value: 'generic', origin: 'default' });
  expect((await show('{}', [], { HPC_GAT_SITE: 'lab' })).site).toMatchObject({
    value: 'lab',
    origin: 'environment variable HPC_GAT_SITE',
  });
  expect((await show('site: generic', ['--site', 'lab'])).site).toMatchObject({
    value: 'lab',
    origin: 'command line',
  });
});

test('marks values that a run would not use, with --gpu and without', async () => {
  const text = 'slurm: { partition: cpu, cpus: 4, gpu: { partition: gpu } }';
  const without = await show(text, []);
  expect(without['slurm.partition']).not.toHaveProperty('unused', expect.any(String));
  expect(without['slurm.gpu.partition']).toMatchObject({ unused: 'no --gpu' });
  const withGpu = await show(text, ['--gpu']);
  expect(withGpu['slurm.partition']).toMatchObject({ unused: 'slurm.gpu.partition goes before it' });
  expect(withGpu['slurm.gpu.partition']).not.toHaveProperty('unused', expect.any(String));
  expect(withGpu['slurm.cpus']).not.toHaveProperty('unused', expect.any(String));
});

test('prints one line per value without --json, and reports mistakes of the file as usual', async () => {
  const cwd = temporaryDirectory();
  const file = path.join(cwd, 'hpc-gat.yaml');
  await writeFile(file, 'setup: [module load a]\n');
  const context = testContext({ cwd, env: {} });
  expect(await main(['config', 'show'], context)).toBe(0);
  expect(context.results).toContainEqual(
    expect.stringMatching(/^setup +\["module load a"\] +hpc-gat\.yaml:1$/),
  );
  await writeFile(file, 'slrum: {}\n');
  expect(await main(['config', 'show'], context)).toBe(2);
  expect(context.messages.join('\n')).toMatch(/hpc-gat\.yaml:1:1: slrum: unknown key/);
});
