import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { layerBytes } from '../image/layer-bytes.ts';
import { OciBytes } from '../image/oci-bytes.ts';
import { describeInLab, labExec } from '../support/lab.ts';
import { workstation } from '../support/workstation.ts';

const directory = '/scratch/native-faults';
const small = `${directory}/small`;
const { shell, stdoutOf } = workstation(directory);
const longMs = 120_000;

const asRoot = async (line: string) => {
  const { exitCode, stderr } = await labExec('workstation', ['sh', '-ec', line], { user: 'root', cwd: '/' });
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
};

/** Many names in addition to the content give tables of more than a page. */
const archive = new OciBytes();
archive.add(
  archive.layered([
    layerBytes([
      { name: 'content', data: randomBytes(1_000_000) },
      ...Array.from({ length: 600 }, (_none, at) => ({ name: `${at}-${randomBytes(40).toString('hex')}` })),
    ]),
  ]),
);
/** The file is so large that no machine compresses it at level 19 before the test reacts. */
const long = new OciBytes();
long.add(
  long.layered([
    layerBytes([{ name: 'content', data: Buffer.from(randomBytes(24_000_000).toString('hex')) }]),
  ]),
);

const make = (source: string, flags: string) =>
  `hpc-gat make-sif oci-archive:${directory}/${source} --engine native -o x.sif ${flags}`;

describeInLab('the native engine', () => {
  beforeAll(async () => {
    await asRoot(`rm -rf ${directory}; mkdir -p -m 777 ${directory} ${small}; chmod 777 ${directory}`);
    for (const [name, tar] of [
      ['image.tar', archive.tar()],
      ['long.tar', long.tar()],
    ] as const) {
      await labExec('workstation', ['sh', '-c', `cat >${name}`], { cwd: directory, input: tar });
    }
  }, longMs);
  afterAll(async () => {
    await labExec('workstation', ['sh', '-c', `umount ${small}; rm -rf ${directory}`], {
      user: 'root',
      cwd: '/',
    });
  });

  test(
    'on a full disk leaves nothing behind, wherever the error occurs',
    async () => {
      await stdoutOf(make('image.tar', '--compression none'));
      const sizeKib = Math.ceil(Number(await stdoutOf('stat -c %s x.sif; rm x.sif*')) / 1024);
      const attempt = async (kib: number) => {
        await asRoot(`mount -t tmpfs -o size=${kib}k,mode=777 tmpfs ${small}`);
        const { exitCode, stderr } = await shell(make('image.tar', '--compression none'), { cwd: small });
        const left = await stdoutOf(`ls -A ${small}`);
        await asRoot(`umount ${small}`);
        return {
          exitCode,
          left,
          messages: stderr.split('\n').filter((line) => line.startsWith('hpc-gat: ')),
        };
      };
      const refused = { exitCode: 1, left: '', messages: [`hpc-gat: no space left in ${small}`] };
      expect(await attempt(40)).toEqual(refused);
      expect(await attempt(600)).toEqual(refused);
      // The disk size grows page by page, so that the tables, the SIF header and the manifest each hit the limit.
      let kib = sizeKib - 48;
      let outcome = await attempt(kib);
      for (; outcome.exitCode !== 0 && kib < sizeKib + 64; kib += 4) {
        expect({ kib, ...outcome }).toEqual({ kib, ...refused });
        outcome = await attempt(kib + 4);
      }
      expect(outcome).toEqual({ exitCode: 0, left: 'x.sif\nx.sif.json', messages: [] });
    },
    longMs,
  );

  const untilItWrites = `
    ${make('long.tar', '--compression zstd:19')} 2>messages & pid=$!
    until [ -s .x.sif.*.work/image.sif ] || ! kill -0 $pid; do sleep 0.1; done`;

  test('is interrupted by Ctrl-C, and leaves nothing behind', async () => {
    const { stdout } = await shell(
      `set -m\n${untilItWrites}; kill -INT $pid; wait $pid; echo $?; cat messages; rm messages; ls -A`,
    );
    expect(stdout.split('\n')).toEqual(expect.arrayContaining(['130', 'hpc-gat: interrupted by SIGINT']));
    expect(await stdoutOf('ls -A')).toBe('image.tar\nlong.tar\nsmall');
  });

  test('is killed, and the next one removes its files', async () => {
    await shell(`${untilItWrites}; kill -KILL $pid; wait $pid; rm messages`);
    expect(await stdoutOf('ls -A')).toMatch(/\.x\.sif\.\S+\.work/);
    await stdoutOf(make('image.tar', '--compression none'));
    expect(await stdoutOf('ls -A; rm x.sif*')).toBe('image.tar\nlong.tar\nsmall\nx.sif\nx.sif.json');
  });
});
