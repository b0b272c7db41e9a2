import { describe, test } from '@jest/globals';
import { gzipSync } from 'node:zlib';
import { layerBytes } from '../layer-bytes.ts';
import {
  inGzip,
  layout,
  inArchive,
  layered,
  ofLayer,
  sound,
  expectRefused,
  type Case,
} from './hostile-bytes.ts';

describe('bombs are stopped at a limit', () => {
  const zeros = (mebibytes: number) => Buffer.alloc(mebibytes * 2 ** 20);
  const cases: Case[] = [
    [
      'a file that unpacks to more than is allowed',
      ofLayer(inGzip(layerBytes([{ name: 'zeros', data: zeros(40) }]))),
      /at "zeros": the image unpacks to more than 0.03125 GiB/,
    ],
    [
      'the same behind the end of the layer',
      ofLayer(inGzip(Buffer.concat([sound, zeros(40)]))),
      /unpacks to more than/,
    ],
    [
      'many gzip members',
      ofLayer({
        plain: zeros(40),
        stored: Buffer.concat(Array.from({ length: 40 }, () => gzipSync(Buffer.concat([zeros(1)])))),
      }),
      /unpacks to more than/,
    ],
    [
      'a hole of a petabyte',
      layered({
        name: 'hole',
        data: '',
        pax: { 'GNU.sparse.map': '', 'GNU.sparse.size': '1000000000000000' },
      }),
      /at "hole": the image unpacks to more than/,
    ],
    [
      'a claim of 2^52 bytes',
      layered({ name: 'large', data: 'x', pax: { size: String(2 ** 52) } }),
      /at "large": the image unpacks to more than/,
    ],
    [
      'two layers of half as much',
      inArchive(
        layout([
          inGzip(layerBytes([{ name: 'a', data: zeros(20) }])),
          inGzip(layerBytes([{ name: 'b', data: zeros(20) }])),
        ]),
      ),
      /at "b": the image unpacks to more than/,
    ],
  ];
  test.each(cases)('%s', async (...one) => {
    await expectRefused(one, ['--max-size', '32M']);
  });
});
