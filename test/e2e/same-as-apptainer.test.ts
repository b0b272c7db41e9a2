import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { packageRoot } from '../../src/support/package/package-root.ts';
import { configuredImages, oddValues } from '../image/corpus/configured.ts';
import type { Facts } from '../image/corpus/facts.ts';
import { configOf, OciBytes } from '../image/oci-bytes.ts';
import { tarEntry } from '../image/tar-bytes.ts';
import { describeInLab, labExec, type LabResult } from '../support/lab.ts';

const directory = '/scratch/same-as-apptainer';
const longMs = 180_000;

/** Arguments that a user may pass to `run`. */
const odd = String.raw`'a  b' '$HOME' "it's" 'a"b' '\' 'x\\y' '' '*' '\`id\`' '$(id)' $'new\nline' -n é`;
const varies = '^(APPTAINER|SINGULARITY)_(CONTAINER|NAME)=';
const own = '"runscript","startscript"';

/** Commands on SIF, with an instance NAME, whose output and exit code must be the same. */
const runs: Readonly<Record<string, string>> = {
  run: 'apptainer run SIF',
  'run without evaluation': `SINGULARITY_NO_EVAL=1 apptainer run SIF`,
};
const words: Readonly<Record<string, string>> = {
  'run with words': `apptainer run SIF show ${odd}`,
  'run with words, without evaluation': `APPTAINER_NO_EVAL=1 apptainer run SIF show ${odd}`,
};
const programs: Readonly<Record<string, string>> = {
  'the file itself': './SIF show one',
  exec: `apptainer exec SIF show ${odd}`,
  environment: `apptainer exec SIF env | grep -vE '${varies}' | sort`,
  'clean environment': `OUTSIDE=1 apptainer exec --cleanenv SIF env | grep -vE '${varies}' | sort`,
  shell: `echo 'echo "$ODD:$SINGLE:$0:$#"; pwd; id -u; exit 3' | apptainer shell SIF`,
  'shell of another name': `apptainer shell --shell /bin/sh SIF -c 'echo "$LD_LIBRARY_PATH"'`,
  test: 'apptainer test SIF',
};
const everything: Readonly<Record<string, string>> = {
  ...{ ...runs, ...words, ...programs },
  'environment asked for': `ODD=host SINGLE=host APPTAINERENV_EQUAL='x "y" $z' apptainer exec --env ODD=asked,EMPTY=full SIF sh -c 'echo "$ODD|$SINGLE|$EQUAL|$EMPTY"'`,
  PATH: `for set in PATH=/other/bin:/bin PREPEND_PATH=/front APPEND_PATH=/back; do
    apptainer exec --env $set SIF /bin/sh -c 'echo "$PATH"'
  done`,
  instance: `apptainer instance run SIF NAME; apptainer exec instance://NAME sh -c 'echo "$ODD:$LD_LIBRARY_PATH"'
    apptainer instance stop NAME; apptainer instance start SIF NAME
    apptainer exec instance://NAME cat /etc/hosts | grep -c localhost; apptainer instance stop NAME`,
  overlay: `PATH=$PATH:/usr/sbin apptainer overlay create --size 64 SIF; apptainer exec --writable SIF touch /kept; apptainer exec SIF ls /kept`,
  inspect: `apptainer inspect --labels SIF; apptainer inspect --deffile SIF; apptainer inspect --test SIF; apptainer inspect --helpfile SIF
    apptainer inspect --json --all SIF | jq 'del(.data.attributes[${own}]) | .data.attributes.environment |= keys | .data.attributes'`,
  sif: `apptainer sif header SIF | grep -v ' Data\\| Size'; apptainer sif list SIF | sed 's/[0-9]*-[0-9]* *|/|/'
    apptainer sif dump 1 SIF; apptainer sif dump 3 SIF | jq -S .; apptainer verify SIF`,
};

/** Lines that differ, with the reasons. */
const mayDiffer: Readonly<Record<string, RegExp>> = {
  'the date is that of the image, so that the same image gives the same bytes':
    /^\W*org\.label-schema\.build-date\b/,
  'no version of Apptainer made it': /^\W*org\.label-schema\.usage\.apptainer\.version\b/,
  'no UUID and no time, so that the same image gives the same bytes': /^(ID|Created At|Modified At):/,
  'the words of the script are our own': /^(No test found|This image has no test)/,
  'the number of a process': /^INFO: {4}Stopping .* instance of/,
};

/** Our messages with the same meaning. */
const ownScripts =
  /^\/\.singularity\.d\/(actions\/|env\/(01|10|90|95|99)-|runscript$|startscript$|labels\.json$)/;

async function inDirectory(
  line: string,
  user: 'alice' | 'root' = 'alice',
  input?: Uint8Array,
  node = 'workstation',
): Promise<LabResult> {
  const argv = ['bash', '-c', `umask 022; ${line}`];
  return labExec(node, argv, { user, cwd: directory, timeoutMs: longMs, ...(input && { input }) });
}

async function succeeds(line: string, user: 'alice' | 'root' = 'alice', input?: Uint8Array): Promise<string> {
  const { exitCode, stdout, stderr } = await inDirectory(line, user, input);
  expect({ line, exitCode, stderr: exitCode === 0 ? '' : stderr }).toEqual({ line, exitCode: 0, stderr: '' });
  return stdout;
}

/** Returns the output and exit code of each command, by its title. */
async function outputs(name: string, sif: string, cases: Readonly<Record<string, string>>): Promise<object> {
  const script = Object.values(cases).map((line) => {
    const command = line.replaceAll('SIF', `${sif}.sif`).replaceAll('NAME', `${sif}-${name}`);
    return `{ ${command}\n} </dev/null 2>&1; echo "= $?"; printf '\\f'`;
  });
  const { stdout } = await inDirectory(`cd ${name}; ${script.join('\n')}`);
  const texts = stdout.replaceAll(sif, 'the').split('\f');
  return Object.fromEntries(
    Object.keys(cases).map((title, at) => {
      const lines = (texts[at] ?? '').split('\n');
      return [title, lines.filter((line) => !Object.values(mayDiffer).some((one) => one.test(line)))];
    }),
  );
}

describeInLab('a SIF of the native engine and one of Apptainer', () => {
  const names: string[] = [];

  beforeAll(async () => {
    const fresh = `rm -rf ${directory}; mkdir -p -m 777 ${directory}`;
    await labExec('workstation', ['sh', '-c', fresh], { user: 'root', cwd: '/' });
    await succeeds(
      'cat >list-tree.py',
      'alice',
      readFileSync(path.join(packageRoot, 'test/image/corpus/list-tree.py')),
    );
    const busybox = Buffer.from(await succeeds('base64 /usr/bin/busybox'), 'base64');
    for (const [name, { layer, settings }] of Object.entries(configuredImages(busybox))) {
      if (name !== 'nowhere') {
        names.push(name);
      }
      const oci = new OciBytes();
      const config = { ...configOf([layer]), config: settings };
      oci.add(oci.layered([layer], { config }), 'it');
      const layout = Buffer.concat([tarEntry('oci-layout', '{"imageLayoutVersion":"1.0.0"}'), oci.tar()]);
      await succeeds(
        `mkdir -p ${name}/image; cd ${name}; tar -xf - -C image
         { ${name === 'nowhere' ? '! ' : ''}apptainer build theirs.sif oci:image && hpc-gat make-sif --engine native oci:image -o ours.sif
         } >log 2>&1 || { cat log >&2; exit 1; }`,
        'alice',
        layout,
      );
    }
  }, longMs);
  afterAll(async () => {
    await labExec('workstation', ['rm', '-rf', directory], { user: 'root', cwd: '/' });
  });

  test(
    'have the same files, modes and links',
    async () => {
      const listings = await succeeds(
        `for sif in ${names.flatMap((name) => [`${name}/theirs`, `${name}/ours`]).join(' ')}; do
           offset=$(apptainer sif list $sif.sif | sed -n 's/.*|\\([0-9]*\\)-.*Squashfs.*/\\1/p')
           unsquashfs -quiet -no-progress -offset $offset -dest $sif.tree $sif.sif >&2; python3 list-tree.py $sif.tree
         done`,
        'root',
      );
      const trees = listings
        .trim()
        .split('\n')
        .map((line) =>
          Object.entries(JSON.parse(line) as Record<string, Facts>).map(
            ([name, { kind, mode, detail, sameAs }]) => [
              name,
              { kind, mode, sameAs, detail: ownScripts.test(name) ? '' : detail },
            ],
          ),
        );
      expect(trees).toHaveLength(2 * names.length);
      names.forEach((name, at) => {
        expect([name, ...(trees[2 * at + 1] ?? [])]).toEqual([name, ...(trees[2 * at] ?? [])]);
      });
    },
    longMs,
  );

  describe('behave alike', () => {
    test.each([
      ['odd-words', everything],
      ['only-entrypoint', { ...runs, ...words, test: programs.test ?? '', exec: programs.exec ?? '' }],
      ['only-cmd', { ...runs, ...words, shell: programs.shell ?? '' }],
      ['neither', words],
      [
        'no-shell',
        {
          ...runs,
          exec: 'apptainer exec SIF /tool env | grep -E "^(ODD|SINGLE|PATH|LD_)"; apptainer shell SIF',
        },
      ],
    ])(
      'with the image %s',
      async (name, cases) => {
        const [theirs, ours] = await Promise.all([
          outputs(name, 'theirs', cases),
          outputs(name, 'ours', cases),
        ]);
        expect(ours).toEqual(theirs);
      },
      longMs,
    );
  });

  test('find the libraries of the driver', async () => {
    const [theirs, ours] = await Promise.all(
      ['theirs', 'ours'].map((sif) =>
        inDirectory(
          `apptainer exec --nv odd-words/${sif}.sif sh -c 'echo "$LD_LIBRARY_PATH"; ls /.singularity.d/libs'`,
          'alice',
          undefined,
          'gpu1',
        ),
      ),
    );
    expect(ours?.stdout).toBe(theirs?.stdout);
    expect(ours?.stdout).toMatch(/^\/opt\/lib:\/\.singularity\.d\/libs\n(.*\n)*libcuda\.so/);
  });

  test('only ours preserves every value of the environment, takes the last of two, runs words that begin with -, runs with dangling links, and reports what is missing', async () => {
    const printed = await succeeds(
      `cd odd-values; apptainer exec ours.sif sh -c '${Object.keys(oddValues)
        .map((name) => `printf "%s\\f" "$${name}"`)
        .join('; ')}'`,
    );
    expect(printed.split('\f').slice(0, -1)).toEqual(Object.values(oddValues));
    expect(await succeeds('apptainer run nowhere/ours.sif')).toBe('1\n<it runs>');
    expect(
      await succeeds(
        `cd first-is-option; for eval in '' 1; do SINGULARITY_NO_EVAL=$eval apptainer run ours.sif; done
         apptainer run ours.sif -x; apptainer exec ours.sif sh -c 'echo "$TWICE \${PATH%%:*}"'`,
      ),
    ).toBe('2\n<+e>\n<a b>\n2\n<+e>\n<a b>\n1\n<-x>\nsecond /bin');
    const { exitCode, stderr } = await inDirectory('apptainer run neither/ours.sif');
    expect({ exitCode, stderr }).toEqual({
      exitCode: 1,
      stderr: expect.stringContaining('neither ENTRYPOINT nor CMD'),
    });
  });
});
