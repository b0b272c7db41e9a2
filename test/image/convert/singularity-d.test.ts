import { expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { findUnusableNames } from '../../../src/image/convert/singularity-d/environment-lines.ts';
import { createContainerFiles } from '../../../src/image/convert/singularity-d/container-files.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const words = [
  "it's",
  'a "b"',
  '$HOME',
  '${X}',
  '$(id)',
  '`id`',
  'back\\slash',
  'two\nlines',
  '',
  '*',
  '-n',
  'é',
];

async function filesOf(entrypoint: readonly string[], cmd: readonly string[], env: readonly string[] = []) {
  const image = { architecture: 'amd64', os: 'linux', labels: {}, entrypoint, cmd, env };
  const { files } = await createContainerFiles(image, { bootstrap: 'oci', from: 'it', builtAt: new Date(0) });
  const directory = temporaryDirectory();
  return (name: string) => {
    const file = path.join(directory, path.basename(name));
    writeFileSync(file, files.find((one) => one.path === `.singularity.d/${name}`)?.text ?? '');
    return file;
  };
}

/** Runs a script in this machine's shell in an otherwise empty environment, and returns its output. */
const inShell = (argv: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  execFileSync('sh', argv, { encoding: 'utf8', env: { PATH: process.env.PATH ?? '', ...env } });

const shown = (list: readonly string[]) => list.map((word) => `<${word}>`).join('');

test('every shell gets the exact values of ENV, and outer values first', async () => {
  const names = words.map((_word, at) => `V${at}`);
  const file = (
    await filesOf(
      [],
      [],
      words.map((word, at) => `V${at}=${word}`),
    )
  )('env/10-docker2singularity.sh');
  const script = `. "$0"; printf '<%s>' ${names.map((name) => `"$${name}"`).join(' ')}`;
  expect(inShell(['-c', script, file])).toBe(shown(words));
  expect(inShell(['-c', script, file], { V0: 'outside' })).toBe(shown(['outside', ...words.slice(1)]));
});

test.each([{}, { SINGULARITY_NO_EVAL: '1' }])(
  'every shell runs ENTRYPOINT and CMD word by word: %j',
  async (env) => {
    const both = (await filesOf(['printf', '<%s>', ...words], words))('runscript');
    expect(inShell([both], env)).toBe(shown([...words, ...words]));
    expect(inShell([both, 'one  word'], env)).toBe(shown([...words, 'one  word']));
    const cmd = (await filesOf([], ['printf', '<%s>', 'default']))('runscript');
    expect(inShell([cmd], env)).toBe('<default>');
    expect(inShell([cmd, 'printf', '<%s>', 'other'], env)).toBe('<other>');
  },
);

test('the last of several values of a name wins', async () => {
  const file = (await filesOf([], [], ['A=first', 'B=1', 'A=second', 'PATH=/a', 'PATH=/b']))(
    'env/10-docker2singularity.sh',
  );
  expect(inShell(['-c', '. "$0"; echo "$A $B $PATH"', file])).toBe('second 1 /b\n');
  expect(inShell(['-c', '. "$0"; echo "$A"', file], { A: 'outside' })).toBe('outside\n');
});

test('names that no shell accepts are listed once each', () => {
  const env = ['a.b=1', 'A=1', '1x=1', 'a.b=2', 'é', '', 'with space=1', '_ok'];
  expect(findUnusableNames(env)).toEqual(['a.b', '1x', 'é', 'with space']);
});

test.each([{}, { SINGULARITY_NO_EVAL: '1' }])('a first word can begin with - or +: %j', async (env) => {
  // Bash and dash reject a program with such a name after exec, so the words are printed instead.
  const started = async (entrypoint: string[], cmd: string[]) => {
    const file = (await filesOf(entrypoint, cmd))('runscript');
    writeFileSync(file, readFileSync(file, 'utf8').replaceAll('exec "$@"', 'printf "<%s>" "$@"; exit'));
    return (more: string[] = []) => inShell([file, ...more], env);
  };
  const dash = await started(['-tool'], ['-e']);
  expect([dash(), dash(['-x', '+y'])]).toEqual(['<-tool><-e>', '<-tool><-x><+y>']);
  const plus = await started(['+tool', '--'], []);
  expect([plus(), plus(['-x', '+y'])]).toEqual(['<+tool><-->', '<+tool><--><-x><+y>']);
  expect((await started([], ['--', '-e']))()).toBe('<--><-e>');
});

test('arguments of run are expanded once more, unless disabled', async () => {
  const file = (await filesOf(['printf', '<%s>'], []))('runscript');
  expect(inShell([file, '$WHAT', 'a b'], { WHAT: 'value' })).toBe('<value><a b>');
  expect(inShell([file, '$WHAT', 'a b'], { WHAT: 'value', SINGULARITY_NO_EVAL: '1' })).toBe('<$WHAT><a b>');
});

test('the build-date label equals the output of date, in every month and on every weekday', async () => {
  // The first days of the months of 2026 cover all seven weekdays.
  for (const day of Array.from({ length: 24 }, (_, at) => at)) {
    const builtAt = new Date(Date.UTC(2026, day % 12, day < 12 ? 1 : day, 7, 8, day));
    const image = { architecture: 'amd64', os: 'linux', labels: {}, entrypoint: [], cmd: [], env: [] };
    const { inspectMetadata } = await createContainerFiles(image, { bootstrap: 'oci', from: 'it', builtAt });
    const printed = execFileSync('date', ['-u', '-d', builtAt.toISOString(), '+%A_%-d_%B_%Y_%T_UTC'], {
      encoding: 'utf8',
      env: { LC_ALL: 'C', PATH: process.env.PATH },
    });
    expect(JSON.parse(inspectMetadata)).toMatchObject({
      data: { attributes: { labels: { 'org.label-schema.build-date': printed.trim() } } },
    });
  }
});
