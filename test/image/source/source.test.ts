import { describe, expect, test } from '@jest/globals';
import { getDefaultOutputName, formatSource, parseSource } from '../../../src/image/source/source.ts';
import { UsageError } from '../../../src/support/errors.ts';

const id = 'a'.repeat(64);

describe('parseSource', () => {
  test.each([
    ['docker-daemon:triton', 'docker-daemon:triton:latest', 'triton_latest.sif'],
    ['docker-daemon://lab/triton:24.05-py3', 'docker-daemon:lab/triton:24.05-py3', 'triton_24.05-py3.sif'],
    ['docker-daemon:localhost:5000/a/b', 'docker-daemon:localhost:5000/a/b:latest', 'b_latest.sif'],
    ['docker-daemon:nvcr.io/x__y/t:1', 'docker-daemon:nvcr.io/x__y/t:1', 't_1.sif'],
    [`docker-daemon:lab/x@sha256:${id}`, `docker-daemon:lab/x@sha256:${id}`, 'x_aaaaaaaaaaaa.sif'],
    ['docker-daemon:6e2d5a6cf36a', 'docker-daemon:6e2d5a6cf36a', '6e2d5a6cf36a.sif'],
    [`docker-daemon:sha256:${id}`, `docker-daemon:sha256:${id}`, 'aaaaaaaaaaaa.sif'],
    ['docker-archive:image.tar', 'docker-archive:/here/image.tar', 'image.sif'],
    ['docker-archive:/a/../b.tar.gz', 'docker-archive:/b.tar.gz', 'b.sif'],
    ['docker-archive:x.tar:lab/y:2', 'docker-archive:/here/x.tar:lab/y:2', 'y_2.sif'],
    ['docker-archive:x.tar:lab/y', 'docker-archive:/here/x.tar:lab/y:latest', 'y_latest.sif'],
    ['docker-archive:a:b c.tar', 'docker-archive:/here/a:b c.tar', 'a_b_c.sif'],
    ['docker-archive:plain', 'docker-archive:/here/plain', 'plain.sif'],
    [`docker-archive:x.tar@sha256:${id}`, `docker-archive:/here/x.tar@sha256:${id}`, 'x_aaaaaaaaaaaa.sif'],
    [`oci:x:1@sha256:${id}`, `oci:/here/x:1@sha256:${id}`, 'x_1_aaaaaaaaaaaa.sif'],
    ['oci:layout', 'oci:/here/layout', 'layout.sif'],
    ['oci:layout:24.05', 'oci:/here/layout:24.05', 'layout_24.05.sif'],
    ['oci:layout:lab/triton:1', 'oci:/here/layout:lab/triton:1', 'triton_1.sif'],
    ['oci-archive:x.tar', 'oci-archive:/here/x.tar', 'x.sif'],
    ['oci-archive:a:b.oci:2', 'oci-archive:/here/a:b.oci:2', 'a_b_2.sif'],
    ['defs/client.def', '/here/defs/client.def', 'client.sif'],
    ['docker://alpine', 'docker://alpine:latest', 'alpine_latest.sif'],
    ['docker:nvcr.io/nvidia/triton:1', 'docker://nvcr.io/nvidia/triton:1', 'triton_1.sif'],
    [
      `docker://127.0.0.1:5000/x@sha256:${id}`,
      `docker://127.0.0.1:5000/x@sha256:${id}`,
      'x_aaaaaaaaaaaa.sif',
    ],
  ])('parses %s', (text, formatted, output) => {
    const source = parseSource(text, '/here');
    expect(formatSource(source)).toBe(formatted);
    expect(getDefaultOutputName(source)).toBe(output);
    expect(parseSource(formatted, '/elsewhere')).toEqual(source);
  });

  test.each([
    ['docker-archive:my:1.tar', '/here/my:1.tar', undefined],
    ['docker-archive:my:1.tar:lab/x:2', '/here/my:1.tar', 'lab/x:2'],
    ['docker-archive:plain:lab/x:2', '/here/plain', 'lab/x:2'],
    ['docker-archive:absent.tar:lab/x:2', '/here/absent.tar', 'lab/x:2'],
  ])('resolves %s to the longest existing file name', (text, file, reference) => {
    const exists = (name: string) => ['/here/my', '/here/my:1.tar', '/here/plain'].includes(name);
    expect(parseSource(text, '/here', exists)).toEqual({
      kind: 'docker-archive',
      file,
      ...(reference !== undefined && { reference }),
    });
  });

  test('rejects library://alpine as not yet supported', () => {
    expect(() => parseSource('library://alpine', '/')).toThrow('yet');
  });

  test.each([
    '',
    'triton',
    'docker-daemon:',
    'docker-daemon:A B',
    'docker-daemon:../x',
    'docker-archive:',
    'oci:',
    'docker://Big/Letters',
    'docker://',
    'x:y',
  ])('rejects %j, and lists the supported forms', (text) => {
    expect(fixOf(() => parseSource(text, '/'))).toMatch(/docker(-daemon|-archive)?:/);
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
