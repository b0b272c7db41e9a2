import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { encodeExitProgram } from '../../src/image/convert/codec-probe/exit-program.ts';
import { layerBytes } from '../image/layer-bytes.ts';
import { configOf, forPlatform, hostArchitecture, OciBytes } from '../image/oci-bytes.ts';
import { describeInLab, labExec } from '../support/lab.ts';
import { workstation } from '../support/workstation.ts';

const directory = '/scratch/make-sif-oci';
const { shell, stdoutOf, importImage, files } = workstation(directory);
const [one, two] = ['hpc-gat-e2e/one:1', 'hpc-gat-e2e/two:2'];
const longMs = 120_000;

/** Command that removes the files of a test; the sources stay. */
const keep = `find . -mindepth 1 -maxdepth 1 ! -name sources -exec rm -rf {} +`;

async function fails(line: string, code: number, message: RegExp): Promise<void> {
  const { exitCode, stdout, stderr } = await shell(line);
  expect({ exitCode, stdout, stderr }).toMatchObject({ exitCode: code, stdout: '' });
  expect(stderr).toMatch(message);
  expect(stderr).toMatch(/^ {2}fix: /m);
  expect(await files()).not.toContain('x.sif');
}

describeInLab('make-sif', () => {
  beforeAll(async () => {
    await labExec('workstation', ['sh', '-c', `rm -rf ${directory}; mkdir -p -m 755 ${directory}`], {
      cwd: '/',
    });
    await importImage(one, 'one');
    await importImage(two, 'two');
    await stdoutOf(`
      set -e
      mkdir sources; cd sources
      docker save -o one.tar ${one}; docker save -o two.tar ${one} ${two}
      mkdir one 'two: both'; tar -xf one.tar -C one; tar -xf two.tar -C 'two: both'; cp -r 'two: both' both`);
  }, longMs);
  beforeEach(async () => {
    await stdoutOf(keep);
  });
  afterAll(async () => {
    await shell(`docker image rm --force ${one} ${two}; rm -rf ${directory}`, { cwd: '/' });
  });

  describe('from an OCI layout', () => {
    test.each([
      ['a directory', 'oci:sources/one', 'native'],
      ['a directory', 'oci:sources/one', 'apptainer'],
      ['an archive', 'oci-archive:sources/one.tar', 'native'],
      ['an archive', 'oci-archive:sources/one.tar', 'apptainer'],
    ])('as %s becomes a working SIF, once: %s by %s', async (_what, source, engine) => {
      expect(await stdoutOf(`hpc-gat make-sif ${source} --engine ${engine} -o x.sif`)).toContain('zstd:3');
      expect(await stdoutOf('apptainer run x.sif')).toBe('one');
      expect(await stdoutOf('apptainer exec x.sif env | grep ^ODD=')).toBe('ODD=a  b;c');
      expect(JSON.parse(await stdoutOf('cat x.sif.json'))).toMatchObject({
        identity: {
          kind: source.split(':')[0],
          manifestDigest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
        },
        image: { cmd: ['cat', '/etc/greeting'], labels: { what: 'test' } },
      });
      expect(await stdoutOf(`hpc-gat make-sif ${source} -o x.sif`)).toContain('up to date');
      expect(await files()).toEqual(['sources', 'x.sif', 'x.sif.json']);
    });

    test.each(['native', 'apptainer'])(
      'for several platforms becomes a SIF for this one, or for the requested one, by %s',
      async (engine) => {
        const oci = new OciBytes();
        const ofArchitecture = (architecture: string) => {
          const layer = layerBytes([
            { name: 'bin/', type: '5', mode: 0o755 },
            { name: 'bin/sh', data: encodeExitProgram(architecture) ?? '', mode: 0o755 },
          ]);
          const config = { ...configOf([layer]), architecture };
          return forPlatform(oci.layered([layer], { config }), architecture);
        };
        oci.add(oci.index(['arm64', 'amd64'].map(ofArchitecture)));
        await labExec('workstation', ['sh', '-c', 'cat >index.tar'], { cwd: directory, input: oci.tar() });
        const make = `hpc-gat make-sif oci-archive:index.tar --engine ${engine} -o x.sif`;
        const made = `apptainer sif list x.sif | sed -n 's/.*System\\/\\(.*\\))/\\1/p'`;
        await stdoutOf(make);
        expect(await stdoutOf(`apptainer exec x.sif sh; ${made}`)).toBe(hostArchitecture);
        const foreign = hostArchitecture === 'arm64' ? 'amd64' : 'arm64';
        await stdoutOf(`${make} --platform linux/${foreign}`);
        expect(await stdoutOf(made)).toBe(foreign);
        expect(await stdoutOf(`${make} --dry-run`)).toBe(
          `x.sif: would be made (it was made for linux/${foreign})`,
        );
      },
    );

    test('of several images is selected by its tag', async () => {
      await stdoutOf('hpc-gat make-sif oci-archive:sources/two.tar:2 -o "odd: name.sif"');
      expect(await stdoutOf('cp odd*.sif x.sif; apptainer run x.sif')).toBe('two');
      await stdoutOf(`hpc-gat make-sif oci:sources/both:docker.io/${one} -o x.sif --force`);
      expect(await stdoutOf('apptainer run x.sif')).toBe('one');
      await stdoutOf('rm x.sif');
      await fails('hpc-gat make-sif oci:sources/both -o x.sif', 2, /contains 2 images: /);
    });

    test('is rejected when a layer is damaged', async () => {
      await stdoutOf(
        'cp -r sources/one damaged; find damaged -size +500k -exec sed -i "1s/BusyBox/BusyBex/;200q" {} +',
      );
      await fails(
        'hpc-gat make-sif oci:damaged -o x.sif',
        1,
        /its layer sha256:\w+ (has the digest|cannot be read)/,
      );
    });

    test('is rejected when it is none, with a description of what it is', async () => {
      await fails('hpc-gat make-sif oci:. -o x.sif', 2, /is not an OCI directory/);
      await fails('hpc-gat make-sif oci-archive:nowhere.tar -o x.sif', 2, /there is no file/);
    });
  });
});
