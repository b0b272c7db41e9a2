import { expect, test } from '@jest/globals';
import { checkDescription } from '../../../src/image/source/description-json.ts';
import { toImageDescription, imageConfigSchema } from '../../../src/image/source/image-config.ts';

const words = (config: object) => {
  const { entrypoint, cmd, env } = toImageDescription(
    checkDescription(imageConfigSchema, { architecture: 'amd64', os: 'linux', rootfs: {}, config }),
  );
  return { entrypoint, cmd, env };
};

test.each([
  [{ Entrypoint: [''], Cmd: ['show'] }, [], ['show']],
  [{ Entrypoint: ['', 'x'], Cmd: [''] }, ['', 'x'], ['']],
  [{ Entrypoint: '/bin/sh -c', Cmd: '/bin/echo hi' }, ['/bin/sh -c'], ['/bin/echo hi']],
  [{ Entrypoint: '', Cmd: null }, [], []],
  [{ entrypoint: ['x'], CMD: [null] }, ['x'], ['']],
  [{}, [], []],
])('Entrypoint and Cmd are read as Docker does: %j', (config, entrypoint, cmd) => {
  expect(words(config)).toMatchObject({ entrypoint, cmd });
});

test.each([{ Entrypoint: 1 }, { Cmd: ['a\0b'] }, { Cmd: 'a\0b' }, { Env: 'A=1' }, { Env: [1] }])(
  '%j is rejected',
  (config) => {
    expect(() => words(config)).toThrow(/^config\./);
  },
);
