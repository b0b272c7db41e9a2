import { expect, test } from '@jest/globals';
import type { Settings } from '../../../src/config/schema.ts';
import { listConfiguredImages, parseRequestedImage } from '../../../src/image/make/requested-images.ts';
import { UsageError } from '../../../src/support/errors.ts';
import { sampleSettings } from '../../run/plan/sample-plan.ts';

const images = (settings: Settings) =>
  listConfiguredImages({ root: '/p', site: 'generic', settings: sampleSettings(settings) });

test('the images of a project are the server and, if it has a source, the client', () => {
  const server: Settings = { image: { source: 'docker-archive:a.tar' } };
  expect(images(server)).toEqual([
    {
      source: { kind: 'docker-archive', file: '/p/a.tar' },
      file: '/p/triton.sif',
      compression: 'auto',
      blockSize: '128K',
    },
  ]);
  const client = {
    image: {
      source: 'docker://c:1',
      file: 'c.sif',
      compression: 'gzip:6',
      blockSize: '1M',
      platform: 'linux/arm64',
    },
  };
  expect(images({ ...server, client })).toMatchObject([
    { file: '/p/triton.sif' },
    {
      source: { kind: 'docker', name: 'c:1', platform: { os: 'linux', architecture: 'arm64' } },
      file: '/p/c.sif',
      compression: 'gzip:6',
      blockSize: '1M',
    },
  ]);
  expect(images({ client })).toHaveLength(1);
  expect(() => images({})).toThrow(UsageError);
});

test('the mirrors of a registry are tried before it, and no others', () => {
  const settings = sampleSettings({ registry: { mirrors: { 'docker.io': ['mirror.example/hub'] } } });
  expect(parseRequestedImage('docker://a:1', settings, '/').source).toMatchObject({
    mirrors: ['mirror.example/hub'],
  });
  expect(parseRequestedImage('docker://ghcr.io/a:1', settings, '/').source).not.toHaveProperty('mirrors');
});

test('a registry in registry.plainHttp is contacted without encryption, others are not', () => {
  const settings = sampleSettings({ registry: { plainHttp: ['127.0.0.1:5000'] } });
  expect(parseRequestedImage('docker://127.0.0.1:5000/a:1', settings, '/').source).toMatchObject({
    plainHttp: true,
  });
  expect(parseRequestedImage('docker://127.0.0.1:5001/a:1', settings, '/').source).not.toHaveProperty(
    'plainHttp',
  );
  expect(parseRequestedImage('docker://127.0.0.1/a:1', settings, '/').source).not.toHaveProperty('plainHttp');
});
