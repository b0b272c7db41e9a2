import { describe, expect, test } from '@jest/globals';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { openSource } from '../../../src/image/source/open-source.ts';
import { prepareRuntimeSource } from '../../../src/image/source/runtime-source.ts';
import type { OciSource } from '../../../src/image/source/source.ts';
import { testContext } from '../../support/context.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { attestation, forPlatform, OciBytes } from '../oci-bytes.ts';

async function prepared(source: OciSource): Promise<{ scratch: string; form: string; progress: number }> {
  const scratch = temporaryDirectory();
  let progress = 0;
  const watch = {
    onProgress: ({ doneBytes = 0 }) => {
      progress = doneBytes;
    },
    onWarning: () => undefined,
    signal: new AbortController().signal,
  };
  const context = testContext();
  const form = await prepareRuntimeSource(await openSource(source, context), scratch, watch, context);
  return { scratch, form, progress };
}

const blob = (scratch: string, digest: string) =>
  readFile(path.join(scratch, 'layout', 'blobs', digest.replace(':', '/')));

describe('the OCI layout that Apptainer gets', () => {
  test.each(['oci', 'oci-archive'] as const)('contains only the requested image, from %s', async (kind) => {
    const bytes = new OciBytes();
    const [one, two] = [bytes.image('one'), bytes.image('two')];
    bytes.add(one, 'v1').add(bytes.index([attestation(one), forPlatform(two)]), 'v2');
    const file = await (kind === 'oci' ? bytes.directory() : bytes.archive());
    const { scratch, form, progress } = await prepared({ kind, file, tag: 'v2' });
    expect(form).toBe('oci:layout');
    const index = JSON.parse(await readFile(path.join(scratch, 'layout', 'index.json'), 'utf8')) as {
      manifests: { digest: string }[];
    };
    expect(index.manifests.map(({ digest }) => digest)).toEqual([two.digest]);
    const manifest = JSON.parse((await blob(scratch, two.digest)).toString()) as {
      layers: { digest: string; size: number }[];
    };
    const [layer] = manifest.layers;
    expect(gunzipSync(await blob(scratch, layer?.digest ?? '')).toString()).toBe('two');
    expect(progress).toBe(layer?.size);
  });

  test.each([
    ['another layer', gzipSync('two')],
    ['rubbish', Buffer.from('rubbish')],
    ['nothing', Buffer.alloc(0)],
  ])('is not created when a blob holds %s', async (_what, content) => {
    const bytes = new OciBytes();
    bytes.add(bytes.image('one'));
    const file = await bytes.directory();
    const layer = [...bytes.blobs].find(([, stored]) => stored.equals(gzipSync('one')))?.[0] ?? '';
    await writeFile(path.join(file, 'blobs', layer.replace(':', '/')), content);
    await expect(prepared({ kind: 'oci', file })).rejects.toThrow(/is damaged: its layer sha256:/);
  });
});
