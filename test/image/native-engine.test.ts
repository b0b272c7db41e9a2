import { expect, test } from '@jest/globals';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { main } from '../../src/main.ts';
import { readSif } from '../../src/image/sif/read.ts';
import { testContext } from '../support/context.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { tarOf } from './corpus/tar.ts';
import { configOf, hostArchitecture, OciBytes } from './oci-bytes.ts';

const layer = tarOf([{ name: 'file', type: '0', content: Buffer.from('content') }]);

async function convert(oci: OciBytes, folder = temporaryFolder(), options: string[] = []): Promise<string> {
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, 'image.tar'), oci.tar());
  const context = testContext({ cwd: folder });
  const argv = ['make-sif', 'oci-archive:image.tar', '-o', 'out.sif', ...options];
  expect([await main(argv, context), context.messages]).toEqual([0, expect.anything()]);
  return path.join(folder, 'out.sif');
}

const image = (settings: object = {}, architecture = hostArchitecture) => {
  const oci = new OciBytes();
  const config = { ...configOf([layer]), architecture, config: settings };
  return oci.add(oci.layered([layer], { config }));
};

test.each(['386', 'amd64', 'arm', 'arm64', 'ppc64le', 's390x', 'riscv64'])(
  'an image for %s becomes a SIF that says so',
  async (architecture) => {
    const file = await convert(image({}, architecture), undefined, ['--platform', `linux/${architecture}`]);
    const { header, descriptors } = await readSif(file);
    expect(header.architecture).toBe(architecture);
    expect(descriptors.flatMap(({ partition }) => partition?.architecture ?? [])).toEqual([architecture]);
  },
);

test('the configuration goes into the SIF as the image has it', async () => {
  const settings = {
    User: '5:5',
    Env: ['A=1'],
    Cmd: null,
    Volumes: { '/data': {} },
    Odd: [{ of: 'somebody' }],
  };
  const file = await convert(image(settings));
  const { descriptors } = await readSif(file);
  const { offset, sizeBytes } = descriptors.find(({ name }) => name === 'oci-config.json') ?? {
    offset: 0,
    sizeBytes: 0,
  };
  const text = (await readFile(file)).toString('utf8', offset, offset + sizeBytes);
  expect(JSON.parse(text)).toEqual(settings);
});

test('the same image gives the same bytes in another folder', async () => {
  const [one, other] = await Promise.all(
    ['one', 'another/folder'].map(async (name) =>
      readFile(await convert(image(), path.join(temporaryFolder(), name))),
    ),
  );
  expect(one).toEqual(other);
  expect(one?.includes('one/image')).toBe(false);
});
