import { expect, test } from '@jest/globals';
import { sumsProject, workload } from './sums-project.ts';

const project = sumsProject();

test('a correct model passes, with its configuration, a line per request and the statistics', async () => {
  const { exitCode, lines } = await project.run(['--result', 'out/result.json']);
  expect(lines.map((line) => line.replaceAll(/\b\d+\.\d+/g, 'N').replaceAll(/ +/g, ' '))).toEqual([
    expect.stringMatching(/^server fake 1 at /),
    'model sums, version 3',
    'platform fake',
    'max batch 0: the server does not batch',
    'inputs x FP32 [-1, 2]',
    ' edges INT64 [2, -1]',
    'outputs y FP32 [-1, 1]',
    'instances 2 on GPU 0',
    'reference one: differs by 0 at most (tolerance N), N ms',
    'reference two: differs by Ne-4 at most (tolerance N), N ms',
    'request nodes MB ms requests/s',
    expect.stringMatching(/^ 1 \d N N N$/),
    expect.stringMatching(/^ 2 \d N N N$/),
    expect.stringMatching(/^ 3 \d N N N$/),
    expect.stringMatching(/^ 4 \d N N N$/),
    'counted model sums, version 3: 6 requests in 6 executions',
    ' mean per request: queue N ms, input N ms, infer N ms, output N ms',
    'measured 4 random requests, N MB: N MB/s, N requests/s',
    ' latency: median N ms, p95 N ms, max N ms',
    'PASS: infer',
  ]);
  expect(exitCode).toBe(0);
  expect(project.json('out/result.json')).toMatchObject({
    schemaVersion: 1,
    status: 'pass',
    exitCode: 0,
    reason: '',
    url: project.fake.url,
    model: 'sums',
    version: '3',
    modelConfigDigest: expect.stringMatching(/^[0-9a-f]{64}$/),
    reference: [{ case: 'one', maxDifference: 0 }, { case: 'two' }],
    latency: { count: 4 },
    statistics: { success: 6, fail: 0, queueMs: 2 },
  });
});

test('two runs send the same bytes', async () => {
  await project.run();
  await project.run();
  const bytes = project.fake.inferences.map(({ rawInputContents }) =>
    Buffer.concat(rawInputContents).toString('hex'),
  );
  expect(bytes).toHaveLength(12);
  expect(bytes.slice(6)).toEqual(bytes.slice(0, 6));
  expect(new Set(bytes).size).toBe(6);
});

test('with --json, stdout is exactly one document', async () => {
  const { exitCode, context } = await project.run(['--json']);
  expect(exitCode).toBe(0);
  expect(context.results).toMatchObject([{ status: 'pass', requests: [{ index: 1 }, {}, {}, {}] }]);
});

test('a workload may lack random requests, or a reference', async () => {
  project.write('workload.yaml', workload.replace(/^random:\n(?: .*\n)+/m, ''));
  expect(await project.run()).toMatchObject({ exitCode: 0, last: 'PASS: infer' });
  expect(project.fake.inferences).toHaveLength(2);
  project.write('workload.yaml', workload.replace(/^reference:\n(?: .*\n)+/m, ''));
  expect(await project.run()).toMatchObject({ exitCode: 0, last: 'PASS: infer' });
  expect(project.fake.inferences).toHaveLength(6);
});

test('several workloads are tested in order, up to the first that fails', async () => {
  const second = ['--workload', 'second.yaml'];
  project.write(
    'second.yaml',
    workload.replace(/^reference:\n(?: .*\n)+/m, '').replace('requests: 4', 'requests: 2'),
  );
  const { exitCode, lines } = await project.run([...second, '--result', 'result.json']);
  expect(exitCode).toBe(0);
  expect(lines.filter((line) => line.startsWith('counted'))).toEqual([
    expect.stringMatching(/: 6 requests/),
    expect.stringMatching(/: 2 requests/),
  ]);
  expect(lines.filter((line) => line.startsWith('PASS'))).toHaveLength(1);
  expect(project.json('result.json')).toMatchObject({
    status: 'pass',
    statistics: { success: 6 },
    others: [{ model: 'sums', statistics: { success: 2 } }],
  });
  project.write('second.yaml', workload.replace('model: sums', 'model: none'));
  expect(await project.run([...second, '--ready-timeout', '1'])).toMatchObject({
    exitCode: 1,
    last: expect.stringMatching(/^FAIL: model none is not served/),
  });
});
