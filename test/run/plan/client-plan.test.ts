import { expect, test } from '@jest/globals';
import { UsageError } from '../../../src/support/errors.ts';
import { samplePlan } from './sample-plan.ts';

test('the client is the submitting program, a binary of the project, or hpc-gat in an image', () => {
  expect(samplePlan()).toMatchObject({
    clientWhere: 'host',
    client: ['/usr/bin/node', '/opt/hpc-gat/bin/hpc-gat.js'],
    clientFile: null,
  });
  expect(samplePlan({ client: { where: 'binary', binary: 'bin/hpc-gat' } })).toMatchObject({
    client: ['/home/alice/gat/bin/hpc-gat'],
    clientFile: '/home/alice/gat/bin/hpc-gat',
  });
  const { client, clientFile } = samplePlan({ client: { where: 'image' } });
  expect(clientFile).toBe('/home/alice/gat/client.sif');
  expect(client[0]).toBe('exec');
  expect(client.slice(-2)).toEqual([clientFile, 'hpc-gat']);
});

test('with Docker, the image is the source of its SIF', () => {
  const plan = samplePlan(
    {
      runtime: 'docker',
      docker: { image: 'triton:1' },
      client: { where: 'image', image: { source: 'docker-daemon:client' } },
    },
    { kind: 'local', dockerHost: 'unix:///var/run/docker.sock' },
  );
  expect(plan).toMatchObject({ clientWhere: 'image', clientFile: null, clientImage: 'client:latest' });
  expect(plan.client.slice(-3)).toEqual(['--entrypoint', 'hpc-gat', 'client:latest']);
});

test('a client image can read the directory of a workload outside the repository', () => {
  const mounts = (workload: string) =>
    samplePlan({ client: { where: 'image' }, model: { workload } }).client.filter((word) =>
      word.startsWith('type=bind'),
    );
  expect(mounts('models/gat_test/other.yaml')).toHaveLength(2);
  expect(mounts('/data/w/x.yaml')[2]).toBe('type=bind,source=/data/w,destination=/data/w,ro');
});

test('without a binary no client starts', () => {
  expect(() => samplePlan({ client: { where: 'binary' } })).toThrow(UsageError);
});
