import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { describeInLab, labExec } from '../support/lab.ts';
import { workstation } from '../support/workstation.ts';

const folder = '/scratch/make-sif-oci';
const { shell, stdoutOf, importImage, files } = workstation(folder);
const [one, two] = ['hpc-gat-e2e/one:1', 'hpc-gat-e2e/two:2'];
const longMs = 120_000;

/** What is made anew for each test goes, the sources stay. */
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
    await labExec('workstation', ['sh', '-c', `rm -rf ${folder}; mkdir -p -m 755 ${folder}`], { cwd: '/' });
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
    await shell(`docker image rm --force ${one} ${two}; rm -rf ${folder}`, { cwd: '/' });
  });

  describe('from an OCI layout', () => {
    test.each([
      ['a folder', 'oci:sources/one', 'native'],
      ['a folder', 'oci:sources/one', 'apptainer'],
      ['an archive', 'oci-archive:sources/one.tar', 'native'],
      ['an archive', 'oci-archive:sources/one.tar', 'apptainer'],
    ])('that is %s makes a SIF that runs, once: %s by %s', async (_what, source, engine) => {
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

    test('of several images takes the one of the tag', async () => {
      await stdoutOf('hpc-gat make-sif oci-archive:sources/two.tar:2 -o "odd: name.sif"');
      expect(await stdoutOf('cp odd*.sif x.sif; apptainer run x.sif')).toBe('two');
      await stdoutOf(`hpc-gat make-sif oci:sources/both:docker.io/${one} -o x.sif --force`);
      expect(await stdoutOf('apptainer run x.sif')).toBe('one');
      await stdoutOf('rm x.sif');
      await fails('hpc-gat make-sif oci:sources/both -o x.sif', 2, /holds 2 images: /);
    });

    test('whose layer is damaged is refused', async () => {
      await stdoutOf(
        'cp -r sources/one damaged; find damaged -size +500k -exec sed -i "1s/BusyBox/BusyBex/;200q" {} +',
      );
      await fails(
        'hpc-gat make-sif oci:damaged -o x.sif',
        1,
        /its layer sha256:\w+ (has the digest|cannot be read)/,
      );
    });

    test('that is none is an error that says what it is', async () => {
      await fails('hpc-gat make-sif oci:. -o x.sif', 2, /is no OCI folder/);
      await fails('hpc-gat make-sif oci-archive:nowhere.tar -o x.sif', 2, /there is no file/);
    });
  });
});
