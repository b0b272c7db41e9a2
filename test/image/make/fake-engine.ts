import { writeFile } from 'node:fs/promises';
import type { ConversionWatch } from '../../../src/image/convert/conversion-watch.ts';
import type { ConversionRequest, SifEngine } from '../../../src/image/convert/engine.ts';
import { sifBytes } from '../sif-bytes.ts';

export interface FakeEngine extends SifEngine {
  readonly requests: ConversionRequest[];
}

export type FakeConversion = (request: ConversionRequest, watch: ConversionWatch) => Promise<void>;

/** Creates an engine whose conversion is defined by the test; by default, it writes a valid SIF. */
export function fakeEngine(convert: FakeConversion = soundSif): FakeEngine {
  const requests: ConversionRequest[] = [];
  return {
    name: 'fake',
    tempFactor: 2,
    threads: 1,
    requests,
    version: () => Promise.resolve('1.0'),
    convert: async (request, watch) => {
      requests.push(request);
      watch.onProgress({ stage: 'fetch', message: 'reading the layers' });
      await convert(request, watch);
      return {};
    },
  };
}

export async function soundSif({ output, compression }: ConversionRequest): Promise<void> {
  const codecs = {
    zstd: { codecId: 6, flags: 0x4c0 },
    gzip: { codecId: 1, flags: 0x4c0 },
    none: { codecId: 1, flags: 0x1cb },
  };
  const level = compression.codec === 'none' ? 0 : compression.level;
  await writeFile(output, sifBytes({ ...codecs[compression.codec], level }));
}
