import { describe, expect, test } from '@jest/globals';
import { defaultOutputName, formatSource, parseSource } from '../../src/image/source.ts';
import { UsageError } from '../../src/support/errors.ts';

const id = 'a'.repeat(64);

describe('parseSource', () => {
  test.each([
    ['docker-daemon:triton', 'docker-daemon:triton:latest', 'triton_latest.sif'],
    ['docker-daemon://lab/triton:24.05-py3', 'docker-daemon:lab/triton:24.05-py3', 'triton_24.05-py3.sif'],
    ['docker-daemon:localhost:5000/a/b', 'docker-daemon:localhost:5000/a/b:latest', 'b_latest.sif'],
    ['docker-daemon:nvcr.io/x__y/t:1', 'docker-daemon:nvcr.io/x__y/t:1', 't_1.sif'],
    [`docker-daemon:lab/x@sha256:${id}`, `docker-daemon:lab/x@sha256:${id}`, 'x_aaaaaaaaaaaa.sif'],
    [`docker-daemon:sha256:${id}`, `docker-daemon:sha256:${id}`, 'aaaaaaaaaaaa.sif'],
    ['docker-archive:image.tar', 'docker-archive:/here/image.tar', 'image.sif'],
    ['docker-archive:/a/../b.tar.gz', 'docker-archive:/b.tar.gz', 'b.sif'],
    ['docker-archive:x.tar:lab/y:2', 'docker-archive:/here/x.tar:lab/y:2', 'y_2.sif'],
    ['docker-archive:x.tar:lab/y', 'docker-archive:/here/x.tar:lab/y:latest', 'y_latest.sif'],
    ['docker-archive:a:b c.tar', 'docker-archive:/here/a:b c.tar', 'a_b_c.sif'],
    ['docker-archive:plain', 'docker-archive:/here/plain', 'plain.sif'],
  ])('%s', (text, formatted, output) => {
    const source = parseSource(text, '/here');
    expect(formatSource(source)).toBe(formatted);
    expect(defaultOutputName(source)).toBe(output);
    expect(parseSource(formatted, '/elsewhere')).toEqual(source);
  });

  test.each(['oci:folder', 'docker://alpine', 'oci-archive:x.tar', 'defs/triton.def'])(
    '%s is for later, and says so',
    (text) => {
      expect(() => parseSource(text, '/')).toThrow('yet');
    },
  );

  test.each([
    '',
    'triton',
    'docker-daemon:',
    'docker-daemon:A B',
    'docker-daemon:../x',
    'docker-archive:',
    'x:y',
  ])('%j is refused, and the forms are named', (text) => {
    expect(fixOf(() => parseSource(text, '/'))).toMatch(/docker-(daemon|archive):/);
  });
});

function fixOf(parse: () => unknown): string | undefined {
  try {
    parse();
  } catch (error) {
    return error instanceof UsageError ? error.fix : undefined;
  }
  return undefined;
}
