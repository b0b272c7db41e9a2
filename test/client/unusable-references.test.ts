import { expect, test } from '@jest/globals';
import { npyFile, npzFile } from './numpy-files.ts';
import { arrays, sumsProject, workload } from './sums-project.ts';

const project = sumsProject();

const without = (key: string) => Object.fromEntries(Object.entries(arrays).filter(([name]) => name !== key));

test.each<[string, () => void, RegExp]>([
  [
    'a reference that is cut off',
    () => {
      project.write('reference.npz', npzFile(arrays).subarray(0, 300));
    },
    /^FAIL: unusable reference .*reference\.npz: /,
  ],
  [
    'no reference',
    () => {
      project.write('workload.yaml', workload.replace('reference.npz', 'none.npz'));
    },
    /none\.npz: there is no such file/,
  ],
  [
    'a reference without a tensor',
    () => {
      project.write('reference.npz', npzFile(without('two.edges')));
    },
    /array two\.edges is missing/,
  ],
  [
    'a reference without a case',
    () => {
      project.write('workload.yaml', workload.replace('[one, two]', '[one, three]'));
    },
    /array three\.x is missing/,
  ],
  [
    'a reference of another type',
    () => {
      project.write(
        'reference.npz',
        npzFile({ ...arrays, 'one.x': npyFile('<f8', [1, 2], Float64Array.of(1, 2)) }),
      );
    },
    /array one\.x has elements of type <f8, but the workload declares <f4/,
  ],
  [
    'a reference of another shape',
    () => {
      project.write(
        'reference.npz',
        npzFile({ ...arrays, 'one.x': npyFile('<f4', [2], Float32Array.of(1, 2)) }),
      );
    },
    /array one\.x has shape \[2\], but the workload declares \[nodes, 2\]/,
  ],
  [
    'a workload for another model',
    () => {
      project.write('workload.yaml', workload.replace('[nodes, 2]', '[nodes, 3]'));
      project.write(
        'reference.npz',
        npzFile({
          ...arrays,
          'one.x': npyFile('<f4', [1, 3], new Float32Array(3)),
          'two.x': npyFile('<f4', [1, 3], new Float32Array(3)),
        }),
      );
    },
    /does not fit model sums: input x: workload has FP32 \[nodes, 3\], model has FP32 \[-1, 2\]$/,
  ],
  [
    'a workload that does not parse',
    () => {
      project.write('workload.yaml', workload.replace('requests', 'request'));
    },
    /random\.request: unknown key; did you mean "requests"\?/,
  ],
])('exits with 2 for %s', async (_what, prepare, last) => {
  prepare();
  const outcome = await project.run();
  expect(outcome.last).toMatch(last);
  expect(outcome.exitCode).toBe(2);
});

test('an input that the workload lacks is named', async () => {
  const metadata = project.fake.handlers.ModelMetadata;
  project.fake.handlers.ModelMetadata = async (request) => {
    const known = (await metadata?.(request)) as { inputs: object[] };
    return { ...known, inputs: [...known.inputs, { name: 'weights', datatype: 'FP32', shape: [-1] }] };
  };
  const { exitCode, last } = await project.run();
  expect(last).toMatch(/input weights: workload has none, but the model requires FP32 \[-1\]$/);
  expect(exitCode).toBe(2);
});
