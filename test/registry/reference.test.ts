import { expect, test } from '@jest/globals';
import { parseReference, getRegistryUrl } from '../../src/registry/reference.ts';

const digest = `sha256:${'a'.repeat(64)}`;

test.each([
  ['alpine:3', 'docker.io', 'library/alpine', '3'],
  ['me/x', 'docker.io', 'me/x', 'latest'],
  ['docker.io/alpine:3', 'docker.io', 'library/alpine', '3'],
  ['index.docker.io/me/x:3', 'docker.io', 'me/x', '3'],
  ['nvcr.io/nvidia/tritonserver:24.05-py3', 'nvcr.io', 'nvidia/tritonserver', '24.05-py3'],
  ['localhost/x:1', 'localhost', 'x', '1'],
  ['127.0.0.1:5000/x', '127.0.0.1:5000', 'x', 'latest'],
  [`h:1/a/b@${digest}`, 'h:1', 'a/b', digest],
  [`h:1/a/b:tag@${digest}`, 'h:1', 'a/b', digest],
])('parses %s', (name, host, repository, reference) => {
  expect(parseReference(name)).toEqual({ host, repository, reference });
});

test('the registry of Docker Hub has its own host name', () => {
  expect(getRegistryUrl('docker.io', false)).toBe('https://registry-1.docker.io');
  expect(getRegistryUrl('127.0.0.1:5000', true)).toBe('http://127.0.0.1:5000');
});
