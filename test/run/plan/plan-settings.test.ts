import { expect, test } from '@jest/globals';
import { listSecretNames } from '../../../src/run/plan/environment-plan.ts';
import { UsageError } from '../../../src/support/errors.ts';
import { samplePlan } from './sample-plan.ts';

const repository = '/home/alice/gat/models';

test('each of one or several models gets the workload of its directory, and the server loads the chosen ones', () => {
  expect(samplePlan().models).toEqual([
    { name: 'gat_test', workload: `${repository}/gat_test/workload.yaml` },
  ]);
  expect(samplePlan({ model: { name: ['a', 'b', 'a'], serve: ['a', 'b', 'c'] } })).toMatchObject({
    models: [
      { name: 'a', workload: `${repository}/a/workload.yaml` },
      { name: 'b', workload: `${repository}/b/workload.yaml` },
    ],
    serverArguments: ['--model-control-mode=explicit', '--load-model=a', '--load-model=b', '--load-model=c'],
  });
  expect(() => samplePlan({ model: { name: 'a', serve: ['b'] } })).toThrow(/model a .* not in model\.serve/);
  expect(() => samplePlan({ model: { name: ['a', 'b'], workload: 'w.yaml' } })).toThrow(UsageError);
});

test('extra directories are bound read-only, at the same or another path', () => {
  const { binds, containerArguments } = samplePlan({
    binds: ['/data', 'tables:/data/tables', { source: '/a:b', target: '/c' }],
  });
  expect(binds).toEqual(['/data', '/home/alice/gat/tables', '/a:b']);
  expect(containerArguments).toEqual(
    expect.arrayContaining([
      'type=bind,source=/data,destination=/data,ro',
      'type=bind,source=/home/alice/gat/tables,destination=/data/tables,ro',
      'type=bind,source=/a:b,destination=/c,ro',
    ]),
  );
});

test.each([
  ['/data:/models', /used by the run/],
  ['/data:/models/gat_test', /used by the run/],
  ['/tmp', /used by the run/],
])('%s cannot be bound', (bind, message) => {
  expect(() => samplePlan({ binds: [bind] })).toThrow(message);
});

test('two binds with the same target are rejected', () => {
  expect(() => samplePlan({ binds: ['/a:/x', '/b:/x'] })).toThrow(/two of them have the target \/x/);
});

test('only named or assigned environment variables are passed', () => {
  const plan = samplePlan({
    environment: ['OMP_PROC_BIND', 'NOT_SET', 'HF_HOME=/data/hf', 'EMPTY='],
    triton: { env: { TF_CPP_MIN_LOG_LEVEL: '2', MY_API_KEY: 'x' }, preload: ['/data/libops.so'] },
  });
  expect(plan).toMatchObject({
    environment: ['OMP_PROC_BIND=close', 'HF_HOME=/data/hf', 'EMPTY='],
    serverEnvironment: ['TF_CPP_MIN_LOG_LEVEL=2', 'MY_API_KEY=x'],
    preload: ['/data/libops.so'],
  });
  expect(listSecretNames(plan)).toEqual(['MY_API_KEY']);
  expect(() => samplePlan({ environment: ['LD_PRELOAD=/x.so'] })).toThrow(
    /LD_PRELOAD cannot be set in environment/,
  );
  expect(() => samplePlan({ triton: { env: { LD_PRELOAD: '/x.so' } } })).toThrow(UsageError);
});
