import { expect, test } from '@jest/globals';
import { createEngine, type EngineName } from '../../../src/image/convert/engines.ts';
import { parseSource } from '../../../src/image/source/source.ts';
import { UsageError } from '../../../src/support/errors.ts';
import { testContext } from '../../support/context.ts';

const engineOf = async (source: string, name?: EngineName) =>
  (await createEngine(parseSource(source, '/'), { name }, testContext())).name;

test.each([
  ['docker-daemon:a:1', 'native'],
  ['docker-archive:a.tar', 'native'],
  ['oci:layout', 'native'],
  ['oci-archive:a.tar', 'native'],
  ['docker://a:1', 'native'],
  ['a.def', 'apptainer'],
])('%s is handled by the engine %s', async (source, name) => {
  expect(await engineOf(source)).toBe(name);
  expect(await engineOf(source, 'apptainer')).toBe('apptainer');
});

test('a definition file is rejected by the native engine', async () => {
  await expect(engineOf('a.def', 'native')).rejects.toThrow(UsageError);
  await expect(engineOf('a.def', 'native')).rejects.toThrow(/\/a\.def is a definition file/);
});

test('threads are validated where they are used', async () => {
  const source = parseSource('oci:layout', '/');
  await expect(createEngine(source, { threads: 0 }, testContext())).rejects.toThrow(/--threads must be/);
});
