import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { describeInLab, labExec, type LabExecOptions } from '../support/lab.ts';
import { workstation } from '../support/workstation.ts';

const directory = '/scratch/make-sif';
const small = 'hpc-gat-e2e/small:1';
const large = 'hpc-gat-e2e/large:1';
const longMs = 180_000;
const engines = ['native', 'apptainer'];

const { shell, stdoutOf, importImage, files } = workstation(directory);

describeInLab('make-sif', () => {
  beforeAll(async () => {
    await labExec('workstation', ['sh', '-c', `rm -rf ${directory}; mkdir -p -m 755 ${directory}`], {
      cwd: '/',
    });
    await importImage(large, 'large', 200);
  }, longMs);
  beforeEach(async () => {
    await stdoutOf('rm -rf -- * .[!.]*');
  });
  afterAll(async () => {
    await shell(`docker image rm --force ${small} ${large}; rm -rf ${directory}`, { cwd: '/' });
  });

  describe('from a Docker daemon', () => {
    test.each(engines)(
      'makes a working SIF with a manifest that other tools confirm, by %s',
      async (engine) => {
        const id = await importImage(small, 'hello');
        const { exitCode, stdout, stderr } = await shell(
          `hpc-gat make-sif docker-daemon:${small} --engine ${engine} -o x.sif --json`,
        );
        expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
        const { state, record } = JSON.parse(stdout) as { state: string; record: Record<string, unknown> };
        expect(state).toBe('made');
        expect(record).toMatchObject({
          identity: { kind: 'docker-daemon', imageId: id },
          sha256: (await stdoutOf('sha256sum x.sif')).split(' ')[0],
          sizeBytes: Number(await stdoutOf('stat -c %s x.sif')),
          compression: 'zstd:3',
          engine: { name: engine },
          image: { cmd: ['cat', '/etc/greeting'], labels: { what: 'test' } },
        });
        expect(JSON.parse(await stdoutOf('cat x.sif.json'))).toEqual(record);
        expect(await stdoutOf('apptainer run x.sif')).toBe('hello');
        expect(await stdoutOf('apptainer exec x.sif env | grep ^ODD=')).toBe('ODD=a  b;c');
        expect(await files()).toEqual(['x.sif', 'x.sif.json']);
      },
    );

    test('skips an unchanged image, and converts it again after a change or on request', async () => {
      const make = `hpc-gat make-sif docker-daemon:${small} -o x.sif`;
      await importImage(small, 'one');
      await stdoutOf(make);
      const first = await stdoutOf('stat -c %y x.sif');
      expect(await stdoutOf(make)).toBe('x.sif: up to date (the source has not changed)');
      expect(await stdoutOf('stat -c %y x.sif')).toBe(first);
      expect(await stdoutOf(`${make} --force`)).toContain('zstd:3');
      expect(await stdoutOf('stat -c %y x.sif')).not.toBe(first);
      expect(await stdoutOf(`${make} --engine apptainer --dry-run`)).toBe(
        'x.sif: would be made (it was made by native)',
      );
      await importImage(small, 'two');
      expect(await stdoutOf(`${make} --dry-run`)).toBe('x.sif: would be made (the source has changed)');
      expect(await stdoutOf('apptainer run x.sif')).toBe('one');
      await stdoutOf(make);
      expect(await stdoutOf('apptainer run x.sif')).toBe('two');
    });

    test('accepts an image by the short id that `docker images` shows', async () => {
      await importImage(small, 'by its id');
      for (const engine of engines) {
        await stdoutOf(
          `hpc-gat make-sif docker-daemon:$(docker images -q ${small}) --engine ${engine} -o x.sif`,
        );
        expect(await stdoutOf('apptainer run x.sif')).toBe('by its id');
      }
    });

    test.each([
      ['zstd:1', /Compression zstd\n\tcompression-level 1\n/],
      ['gzip:6', /Compression gzip\n\tcompression-level 6\n/],
      ['none', /Data is uncompressed\n/],
    ])('compresses by %s, as unsquashfs confirms', async (compression, seen) => {
      await importImage(small, 'hello');
      await stdoutOf(`hpc-gat make-sif docker-daemon:${small} --compression ${compression}`);
      const start = await stdoutOf(
        `apptainer sif list small_1.sif | sed -nE 's/.*\\|([0-9]+)-[0-9]+ .*Squashfs.*/\\1/p'`,
      );
      expect(await stdoutOf(`unsquashfs -s -o ${start} small_1.sif`)).toMatch(seen);
      expect(await stdoutOf('apptainer run small_1.sif')).toBe('hello');
    });

    test('compresses by the codec that Apptainer supports here, as measured', async () => {
      await importImage(small, 'hello');
      // This mksquashfs lacks zstd; Apptainer uses the first one on the PATH.
      await stdoutOf(`mkdir old; cat >old/squashfuse_ll <<'END'
#!/bin/bash
image='offset=([0-9]+) ([^ ]+)'; [[ $* =~ $image ]]
codec=$(/usr/bin/od -An -tu2 -j $((BASH_REMATCH[1] + 20)) -N2 "\${BASH_REMATCH[2]}")
if [ $codec -eq 6 ]; then echo 'this version supports only zlib' >&2; exit 255; fi
exec /usr/bin/squashfuse_ll "$@"
END
        chmod +x old/squashfuse_ll`);
      const make = `XDG_CACHE_HOME=${directory}/cache hpc-gat make-sif docker-daemon:${small} -o x.sif`;
      expect(await stdoutOf(make)).toContain('zstd:3');
      expect(await stdoutOf('cat cache/hpc-gat/reads-zstd.json')).toContain('"reads":true');
      const old = `PATH=${directory}/old:$PATH`;
      expect((await shell(`${old} apptainer run x.sif`)).stderr).toContain('supports only zlib');
      const { exitCode, stdout, stderr } = await shell(`rm -r cache; ${old} ${make}`);
      expect({ exitCode, stdout, stderr }).toEqual({
        exitCode: 0,
        stdout: expect.stringContaining('gzip:6'),
        stderr: expect.stringMatching(/^gzip:6 instead of zstd:3: apptainer \S+ of this host does not start/),
      });
      expect(await stdoutOf(`${old} apptainer run x.sif`)).toBe('hello');
    });

    test('converts once when it is called twice at the same time', async () => {
      await importImage(small, 'hello');
      const make = `hpc-gat make-sif docker-daemon:${small} -o x.sif`;
      const both = await stdoutOf(`${make} & ${make}; wait $!`);
      expect(both.split('\n').sort()).toEqual([
        expect.stringContaining('zstd:3'),
        'x.sif: up to date (the source has not changed)',
      ]);
      expect(await files()).toEqual(['x.sif', 'x.sif.json']);
    });
  });

  describe('from an archive', () => {
    test.each(engines)('becomes a working SIF without the daemon, by %s', async (engine) => {
      await importImage(small, 'saved');
      await stdoutOf(`docker save -o 'odd: name.tar' ${small}`);
      const without = { env: { DOCKER_HOST: 'unix:///nowhere.sock' } };
      await stdoutOf(`hpc-gat make-sif 'docker-archive:odd: name.tar' --engine ${engine} -o x.sif`, without);
      expect(await stdoutOf('apptainer run x.sif')).toBe('saved');
      expect(await stdoutOf(`hpc-gat make-sif 'docker-archive:odd: name.tar' -o x.sif`, without)).toContain(
        'up to date',
      );
    });

    test.each([
      ['cut off', `docker save ${small} | head -c 500000 >broken.tar`, 1, /cut off/],
      ['not a tar', 'echo hello >broken.tar', 1, /not a tar/],
      ['compressed and cut off', `docker save ${small} | gzip | head -c 500000 >broken.tar`, 1, /its gzip/],
      ['absent', 'true', 2, /there is no file/],
    ])('is rejected with one clear error when it is %s', async (_what, prepare, code, message) => {
      await importImage(small, 'hello');
      await stdoutOf(prepare);
      const { exitCode, stdout, stderr } = await shell('hpc-gat make-sif docker-archive:broken.tar -o x.sif');
      expect({ exitCode, stdout }).toEqual({ exitCode: code, stdout: '' });
      expect(stderr).toMatch(message);
      expect(stderr).toMatch(/^ {2}fix: /m);
      expect(await files()).toEqual((await files()).filter((name) => name === 'broken.tar'));
    });

    test('of `docker save | gzip` gives the same bytes as the uncompressed one, and is recognized', async () => {
      await importImage(small, 'zipped');
      await stdoutOf(`docker save -o image.tar ${small}; gzip -k image.tar`);
      const make = 'hpc-gat make-sif docker-archive:image.tar.gz';
      await stdoutOf(`hpc-gat make-sif docker-archive:image.tar -o plain.sif && ${make} -o x.sif`);
      await stdoutOf('cmp plain.sif x.sif');
      expect(await stdoutOf('apptainer run x.sif')).toBe('zipped');
      expect(await stdoutOf(`${make} -o x.sif`)).toBe('x.sif: up to date (the source has not changed)');
      await stdoutOf(`docker save ${small} | gzip -1 >image.tar.gz`);
      expect(await stdoutOf(`${make} -o x.sif`)).toContain('zstd:3');
      await stdoutOf('cmp plain.sif x.sif');
    });

    test('is rejected for the engine of Apptainer when it is compressed', async () => {
      await importImage(small, 'zipped');
      await stdoutOf(`docker save ${small} | gzip >image.tar.gz`);
      const alone = await shell('apptainer build alone.sif docker-archive:image.tar.gz');
      expect(alone).toMatchObject({ exitCode: 255, stderr: expect.stringContaining('invalid header') });
      const { exitCode, stderr } = await shell(
        'hpc-gat make-sif docker-archive:image.tar.gz --engine apptainer -o x.sif',
      );
      expect({ exitCode, stderr }).toEqual({
        exitCode: 2,
        stderr: expect.stringMatching(
          /which Apptainer does not support\n {2}fix: convert it unchanged with --engine native/,
        ),
      });
      expect(await files()).toEqual(['image.tar.gz']);
    });

    test('is rejected when a layer is damaged, unlike by Apptainer alone', async () => {
      await importImage(small, 'hello');
      await stdoutOf(
        `docker save ${small} >x.tar; printf garbage | dd of=x.tar bs=1 seek=200000 conv=notrunc 2>/dev/null`,
      );
      const { exitCode, stderr } = await shell('hpc-gat make-sif docker-archive:x.tar -o x.sif');
      expect({ exitCode, damaged: /its layer \S+ has the digest/.test(stderr) }).toEqual({
        exitCode: 1,
        damaged: true,
      });
      expect(await files()).toEqual(['x.tar']);
    });
  });

  describe('reports its error', () => {
    test.each<[string, string, LabExecOptions, number, RegExp]>([
      [
        'an unknown image',
        'docker-daemon:hpc-gat-e2e/lagre:1',
        {},
        2,
        /did you mean docker-daemon:hpc-gat-e2e\/large:1\?/,
      ],
      [
        'no daemon',
        `docker-daemon:${large}`,
        { env: { DOCKER_HOST: 'unix:///nowhere.sock' } },
        3,
        /no Docker daemon at/,
      ],
      ['a source of later', 'library://alpine', {}, 2, /yet/],
      [
        'no Apptainer',
        `docker-daemon:${large} --engine apptainer`,
        { env: { PATH: '/usr/local/bin' } },
        3,
        /neither apptainer nor singularity/,
      ],
      [
        'a directory that is not there',
        `docker-daemon:${large} -o nowhere/x.sif`,
        {},
        2,
        /the directory .*nowhere does not exist/,
      ],
    ])('%s', async (_what, args, options, code, message) => {
      const argv = ['hpc-gat', 'make-sif', ...args.split(' ')];
      const { exitCode, stdout, stderr } = await labExec('workstation', argv, { cwd: directory, ...options });
      expect({ exitCode, stdout, stderr }).toMatchObject({ exitCode: code, stdout: '' });
      expect(stderr).toMatch(message);
      expect(await files()).toEqual([]);
    });

    test('reports a user without access to Docker', async () => {
      const asNobody = 'setpriv --reuid=nobody --regid=nogroup --clear-groups';
      const make = `${asNobody} hpc-gat make-sif docker-daemon:${large}`;
      const { exitCode, stderr } = await shell(make, { user: 'root' });
      expect({ exitCode, stderr }).toMatchObject({ exitCode: 3 });
      expect(stderr).toMatch(/you have no access to the Docker daemon[^]*usermod -aG docker/);
    });

    test('reports a full disk', async () => {
      const disk = '/mnt/full-disk';
      const asRoot = { user: 'root', cwd: '/' } as const;
      await stdoutOf(`mkdir -p ${disk}; mount -t tmpfs -o size=64m,mode=1777 tmpfs ${disk}`, asRoot);
      try {
        const { exitCode, stderr } = await shell(`hpc-gat make-sif docker-daemon:${large} -o ${disk}/x.sif`);
        expect({ exitCode, stderr }).toMatchObject({ exitCode: 1 });
        expect(stderr).toMatch(/warning: .* has [\d.]+ MiB free/);
        expect(stderr).toMatch(/no space left in \/mnt\/full-disk/);
        expect(await stdoutOf(`ls -A ${disk}`)).toBe('');
      } finally {
        await stdoutOf(`umount ${disk}`, asRoot);
      }
    });
  });

  describe('by Apptainer, when it is interrupted', () => {
    /** Starts a conversion, waits until Apptainer unpacks, sends the signal, and waits until both have ended. */
    const endedBy = (signal: string) => `
      hpc-gat make-sif docker-daemon:${large} --engine apptainer --compression gzip:9 -o x.sif & p=$!
      until ls -d .x.sif.*.work/scratch/build-temp-*/rootfs >/dev/null 2>&1; do sleep 0.02; done
      kill -${signal} $p; wait $p; echo $?`;

    test.each([
      ['TERM', '143'],
      ['INT', '130'],
    ])(
      'leaves no process or file after SIG%s',
      async (signal, code) => {
        // bash starts background jobs with SIGINT ignored, unless job control is enabled.
        expect(await stdoutOf(`set -m; ${endedBy(signal)}`)).toBe(code);
        expect(await files()).toEqual([]);
        expect(await stdoutOf(`ps -eo args | grep -E '^(/usr/bin/)?(apptainer|mksquashfs) ' || true`)).toBe(
          '',
        );
      },
      longMs,
    );

    test(
      'leaves files after SIGKILL that the next run removes',
      async () => {
        expect(await stdoutOf(endedBy('KILL'))).toBe('137');
        expect(await files()).not.toContain('x.sif');
        await stdoutOf(`hpc-gat make-sif docker-daemon:${large} -o x.sif`);
        expect(await files()).toEqual(['x.sif', 'x.sif.json']);
        expect(await stdoutOf(`ps -eo args | grep -E '^(/usr/bin/)?(apptainer|mksquashfs) ' || true`)).toBe(
          '',
        );
        expect(await stdoutOf('apptainer run x.sif')).toBe('large');
      },
      longMs,
    );
  });
});
