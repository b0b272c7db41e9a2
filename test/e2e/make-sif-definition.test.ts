import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { describeInLab, labExec } from '../support/lab.ts';
import { workstation } from '../support/workstation.ts';

const directory = '/scratch/make-sif-definition';
const base = 'hpc-gat-e2e/definition-base:1';
const longMs = 120_000;

const { shell, stdoutOf, importImage, files } = workstation(directory);

/** Writes the definition file into its own directory, so that its files are not in the working directory. */
const write = (post: string) =>
  stdoutOf(`
    mkdir -p defs/data; echo one >defs/data/x
    cat >defs/x.def <<'END'
Bootstrap: docker-daemon
From: {{ BASE }}

%arguments
  BASE=${base}
  WORD=default

%files
  data /data

%post
${post}

%runscript
  cat /data/x /word
END`);
const make = 'hpc-gat make-sif defs/x.def -o x.sif';
const builders = `ps -eo args | grep -E '^(/usr/bin/)?(apptainer|mksquashfs) |[s]leep 987' || true`;

describeInLab('make-sif from a definition file', () => {
  beforeAll(async () => {
    await labExec('workstation', ['sh', '-c', `rm -rf ${directory}; mkdir -p -m 755 ${directory}`], {
      cwd: '/',
    });
    await importImage(base, 'hello');
  }, longMs);
  beforeEach(async () => {
    await stdoutOf('rm -rf -- * .[!.]*');
  });
  afterAll(async () => {
    await shell(`docker image rm --force ${base}; rm -rf ${directory}`, { cwd: '/' });
  });

  test(
    'builds it as an ordinary user, and again only when it or its inputs have changed',
    async () => {
      await write('  echo "{{ WORD }}" >/word');
      const made = await shell(make);
      expect(made).toMatchObject({ exitCode: 0 });
      expect(made.stderr).toContain('running %post');
      expect(await stdoutOf('apptainer run x.sif')).toBe('one\ndefault');
      expect(await stdoutOf(make)).toBe('x.sif: up to date (the source has not changed)');
      const again = 'x.sif: would be made (the source has changed)';
      expect(await stdoutOf(`${make} --dry-run --build-arg WORD=other`)).toBe(again);
      await stdoutOf('echo second >defs/data/x');
      expect(await stdoutOf(`${make} --dry-run`)).toBe(again);
      await stdoutOf(`${make} --build-arg WORD=other`);
      expect(await stdoutOf('apptainer run x.sif')).toBe('second\nother');
      await importImage(base, 'moved');
      expect(await stdoutOf(`${make} --build-arg WORD=other --dry-run`)).toBe(again);
      expect(await files()).toEqual(['defs', 'x.sif', 'x.sif.json']);
    },
    longMs,
  );

  test(
    'shows the output of %post when it fails, and leaves nothing behind',
    async () => {
      await write('  echo "no such package" >&2; exit 7');
      const { exitCode, stdout, stderr } = await shell(make);
      expect({ exitCode, stdout, stderr }).toMatchObject({ exitCode: 4, stdout: '' });
      expect(stderr).toMatch(/%post section: exit status 7\n(.*\n)* {2}no such package\n/);
      expect(await files()).toEqual(['defs']);
    },
    longMs,
  );

  test(
    'Ctrl-C in %post leaves no process or file; the next call removes what SIGKILL leaves',
    async () => {
      await write(
        '  mkdir /owned && touch /owned/x && chown -R 7:7 /owned && chmod 700 /owned; echo sleeping >/word; sleep 987',
      );
      const start = `${make} & p=$!; until grep -q sleeping .x.sif.*.work/scratch/*/rootfs/word 2>/dev/null; do sleep 0.05; done`;
      expect(await stdoutOf(`set -m; ${start}; kill -INT $p; wait $p; echo $?`)).toBe('130');
      expect(await files()).toEqual(['defs']);
      expect(await stdoutOf(builders)).toBe('');
      expect(await stdoutOf(`${start}; kill -KILL $p; wait $p; echo $?`)).toBe('137');
      await write('  echo "{{ WORD }}" >/word');
      await stdoutOf(make);
      expect(await files()).toEqual(['defs', 'x.sif', 'x.sif.json']);
      expect(await stdoutOf(builders)).toBe('');
    },
    longMs,
  );
});
