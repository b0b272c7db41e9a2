// cspell:ignore submti chekc cleanp stpo prun dwon frobnicate
import { expect, test } from '@jest/globals';
import { execa } from 'execa';
import { chmod, chown, copyFile, cp, mkdir, readdir, stat, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { main } from '../src/main.ts';
import { packageRoot } from '../src/support/package/package-root.ts';
import { testContext } from './support/context.ts';
import { temporaryDirectory } from './support/temporary-directory.ts';

const launcher = path.join(packageRoot, 'bin', 'hpc-gat.js');

async function call(...argv: string[]) {
  const context = testContext({ cwd: temporaryDirectory() });
  const exitCode = await main(argv, context);
  return { exitCode, results: context.results.join('\n'), messages: context.messages.join('\n') };
}

test.each([
  [['make-siff'], /^hpc-gat: unknown verb "make-siff"; did you mean make-sif\?\n {2}fix: hpc-gat --help/],
  [
    ['make-siff', 'docker://x'],
    /^hpc-gat: unknown verb "make-siff"; did you mean make-sif\?\n {2}fix: hpc-gat --help/,
  ],
  [['model', 'chekc', 'gat_test'], /^hpc-gat: unknown verb "chekc"; did you mean check\?/],
  [['submit', '--no-cache'], /^hpc-gat: unknown option --no-cache\n/],
  [['run', '--runtime'], /^hpc-gat: --runtime needs a value\n/],
  [['submit', '--security'], /^hpc-gat: --security needs a value\n/],
  [['make-sif', 'x', '--engine'], /^hpc-gat: --engine needs a value\n/],
  [['logs', '--only'], /^hpc-gat: --only needs a value\n/],
  [['build', '--with'], /^hpc-gat: --with needs a value\n/],
  [['submit', '--cpus'], /^hpc-gat: --cpus needs a value\n/],
  [['submti'], /^hpc-gat: unknown verb "submti"; did you mean submit\?\n/],
  [['submti', '--gpu'], /^hpc-gat: unknown verb "submti"; did you mean submit\?\n/],
  [['model', 'chekc'], /unknown verb "chekc"; did you mean check\?\n {2}fix: hpc-gat model --help/],
  // A suggestion may be executed without thought: nothing that ends or removes something is suggested.
  [['cleanp'], /unknown verb "cleanp"\n/],
  [['stpo'], /unknown verb "stpo"\n/],
  [['cache', 'prun'], /unknown verb "prun"\n/],
  [['lab', 'dwon'], /unknown verb "dwon"\n/],
  [['frobnicate'], /unknown verb "frobnicate"\n/],
  [['submit', '--gpuu'], /unknown option --gpuu\n {2}fix: hpc-gat submit --help lists the options$/],
  [['submit', '--such-option', '-q'], /unknown options --such-option, -q\n/],
  [['submit', '--such-option'], /unknown option --such-option\n/],
  [['submit', 'extra'], /unexpected argument extra\n {2}fix: leave out extra; hpc-gat submit --help/],
  [
    ['model', 'list', 'a', 'b'],
    /unexpected arguments a, b\n {2}fix: leave out a, b; hpc-gat model list --help/,
  ],
  [['model', 'add'], /missing arguments: name, file\n {2}fix: write hpc-gat model add <name> <file>$/],
  [['model', 'add', 'x'], /missing argument: file\n/],
  [['completion'], /missing argument: shell\n {2}fix: write hpc-gat completion <shell>$/],
  [['wait-ready'], /missing options: --url, --model\n {2}fix: add --url, --model; hpc-gat wait-ready --help/],
  [['test', '--url'], /--url needs a value\n {2}fix: hpc-gat test --help/],
  [['make-sif', '--engine', 'x'], /--engine cannot be "x"\n {2}fix: write one of "native", "apptainer"; /],
  [['lab', 'link', 'cpu1', 'x'], /hpc-gat: state cannot be "x"\n {2}fix: write one of "up", "down"; /],
  [['test', '--record', '--result', 'x'], /--record and --result cannot be given together/],
  [['submit', '--cpus', 'two'], /--cpus requires a number/],
  [['submit', '--cpus', '0'], / {2}--cpus 0: expected a number above 0\n {2}fix: correct the option/],
  [
    ['render', '--time', 'two hours'],
    / {2}--time "two hours": write minutes, HOURS:MINUTES:SECONDS[^\n]*\n {2}fix/,
  ],
  [['submit', '--partition', 'a', '--partition', 'b'], /--partition was given 2 times/],
  [['render', '--id', '../up'], /cannot be the id of a run/],
  [['render', '--sbatch', 'comment=a\nb'], /cannot be part of a directive/],
  [['render', '--site', 'nowhere'], /no site profile "nowhere"/],
  [['status', 'nosuch'], /no run nosuch/],
  [['cleanup', 'x', '--all'], /cannot be given together/],
  [['make-sif', 'ftp://x'], /docker-daemon:/],
  [['make-sif', 'x.def', '--build-arg', 'novalue'], /is not NAME=VALUE/],
  [['make-sif', 'docker-daemon:x', '--build-arg', 'A=b'], /--build-arg applies only to definition files/],
  [['doctor', '--wait', '-5'], /--wait requires a number of seconds above 0, not -5/],
  [['doctor', '--node', 'gpu', '--wait', '0'], /--wait requires a number of seconds above 0, not 0/],
  [['build', '--base', 'x'], /--base is for one image/],
  [['render', '--image', ''], /--image "": must not be empty/],
  [['render', '--models', ''], /--models "": must not be empty/],
  [['render', '--config', '.'], /is a directory, not a file/],
  [['render', '--site', './'], /is a directory, not a file/],
  [['build', 'client'], /self-contained/],
  [['build', 'server', '--package-index', 'nowhere'], /--package-index "nowhere": expected a URL/],
])('%j is rejected with exit code 2, one message and a fix', async (argv, message) => {
  const { exitCode, results, messages } = await call(...argv);
  expect({ exitCode, results }).toEqual({ exitCode: 2, results: '' });
  expect(messages).toMatch(message);
  expect(messages).toMatch(/ {2}fix: /);
  expect(messages).not.toMatch(/bug/);
});

test.each([
  [[], /^hpc-gat <verb> \[options\]\n[^]*hpc-gat submit /],
  [['cache'], /^hpc-gat cache\n[^]*hpc-gat cache prune /],
  [['model', '--json'], /^hpc-gat model\n[^]*hpc-gat model check /],
])('%j, which names no verb, shows the help', async (argv, help) => {
  expect(await call(...argv)).toEqual({ exitCode: 2, results: expect.stringMatching(help), messages: '' });
});

test('src/main.ts can be executed directly', async () => {
  const { stdout } = await execa(process.execPath, [path.join(packageRoot, 'src', 'main.ts'), '--version']);
  expect(stdout).toMatch(/^\d+\.\d+\.\d+$/);
});

test('--help lists every verb, and every verb has its own help', async () => {
  const { results } = await call('--help');
  const verbs = [...results.matchAll(/^ {2}hpc-gat ([a-z-]+)/gm)].map((match) => match[1] ?? '');
  expect(verbs).toEqual(
    expect.arrayContaining([
      'make-sif',
      'render',
      'submit',
      'run',
      'status',
      'logs',
      'cleanup',
      'test',
      'lab',
    ]),
  );
  for (const verb of verbs) {
    expect((await call(verb, '--help')).results).toContain(`hpc-gat ${verb}`);
  }
});

test("an error that is not the user's is reported as a bug, with 70", async () => {
  const output = {
    ...testContext().output,
    result: () => {
      throw new Error('boom');
    },
  };
  const messages: string[] = [];
  const context = testContext({ output: { ...output, info: (line) => void messages.push(line) } });
  expect(await main(['--version'], context)).toBe(70);
  expect(messages.join('\n')).toMatch(/this is a bug: Error: boom/);
});

test.each([
  [
    'a directory that cannot be made',
    ['credentials', 'file/tls', '--until', '4000000000'],
    /ENOTDIR.*correct the path/s,
  ],
  [
    'a directory name that a file has',
    ['credentials', 'file', '--until', '4000000000'],
    /EEXIST.*another path/s,
  ],
  ['a link in a circle', ['credentials', 'circle/tls', '--until', '4000000000'], /ELOOP.*correct them/s],
  ['a project that cannot be written', ['run', '--id', 'x'], /(ENOTDIR|EEXIST).*\.hpc-gat/s],
])('%s is reported with the path and a fix, and not as a bug', async (_what, argv, message) => {
  const cwd = temporaryDirectory();
  await cp(path.join(packageRoot, 'models'), path.join(cwd, 'models'), { recursive: true });
  await Promise.all(['triton.sif', 'file', '.hpc-gat'].map((name) => writeFile(path.join(cwd, name), '')));
  await symlink('circle', path.join(cwd, 'circle'));
  const context = testContext({ cwd });
  expect(await main(argv, context)).toBe(1);
  const messages = context.messages.join('\n');
  expect(messages).toMatch(/^hpc-gat: the file system refuses: .*\n {2}fix: /);
  expect(messages).toMatch(message);
});

test('render --json prints the plan beside the script, with the former key of the run directory', async () => {
  const context = testContext({ cwd: temporaryDirectory() });
  const runDirectory = path.join(context.cwd, '.hpc-gat/runs/x');
  expect(await main(['render', '--gpu', '--json', '--id', 'x'], context)).toBe(0);
  expect(context.results).toEqual([
    {
      plan: expect.objectContaining({ id: 'x', gpu: true, runDirectory, runFolder: runDirectory }),
      script: expect.stringMatching(/^#!\/bin\/bash\n/),
    },
  ]);
});

test('a cache directory that is no absolute path is ignored', async () => {
  const cwd = temporaryDirectory();
  const env = { XDG_CACHE_HOME: 'relative', HOME: temporaryDirectory() };
  await execa(process.execPath, [launcher, '--version'], { cwd, env });
  expect(await readdir(cwd)).toEqual([]);
});

test.each([
  ['a home', { HOME: '/proc/none', XDG_CACHE_HOME: '' }],
  ['a directory for caches', { XDG_CACHE_HOME: '/proc/none' }],
])('%s that cannot be created does not prevent the start', async (_what, env) => {
  const { stdout } = await execa(process.execPath, [launcher, '--version'], { env, timeout: 30_000 });
  expect(stdout).toMatch(/^\d+\.\d+\.\d+$/);
});

test('a deleted working directory is reported', async () => {
  const directory = temporaryDirectory();
  const line = 'cd "$1" && rmdir "$1" && exec "$2" "$3" status';
  const { exitCode, stdout, stderr } = await execa(
    'bash',
    ['-c', line, 'bash', directory, process.execPath, launcher],
    { reject: false },
  );
  expect({ exitCode, stdout, stderr }).toEqual({
    exitCode: 2,
    stdout: '',
    stderr: 'hpc-gat: the working directory was removed\n  fix: change to an existing directory: cd',
  });
});

test('compiled code is cached in a home without a cache directory', async () => {
  const HOME = temporaryDirectory();
  await execa(process.execPath, [launcher, '--version'], { env: { HOME, XDG_CACHE_HOME: '' } });
  expect(await readdir(path.join(HOME, '.cache', 'hpc-gat'))).toEqual(['node']);
});

test('status and cleanup succeed in a project without runs', async () => {
  expect((await call('status')).results).toBe('no run yet');
  expect((await call('cleanup')).results).toBe('nothing to clean up');
});

test('a reader that closes the pipe is no error', async () => {
  const { stdout, stderr } = await execa('bash', [
    '-c',
    `set -o pipefail; "$1" "$2" --help | head -n 1`,
    'x',
    process.execPath,
    launcher,
  ]);
  expect({ stdout, stderr }).toEqual({ stdout: 'hpc-gat <verb> [options]', stderr: '' });
});

/** Module that makes the launcher see a Node of another version. */
const pretendOld = `data:text/javascript,Object.defineProperty(process,'versions',{value:{...process.versions,node:'18.20.4'}})`;

test('on an old Node, without the one from npm, one line names the fix', async () => {
  const directory = temporaryDirectory();
  await mkdir(path.join(directory, 'bin'));
  const copy = path.join(directory, 'bin', 'hpc-gat.mjs');
  await copyFile(launcher, copy);
  const { exitCode, stderr } = await execa(process.execPath, ['--import', pretendOld, copy, '--help'], {
    reject: false,
  });
  expect(exitCode).toBe(3);
  expect(stderr).toMatch(
    /^hpc-gat: needs Node 22\.15 or newer, this is 18\.20\.4; fix: run `npm install node@24` [^\n]*$/,
  );
});

test('on an old Node, one in a parent directory is not executed', async () => {
  const outer = temporaryDirectory();
  const planted = path.join(outer, 'node_modules', 'node', 'bin', 'node');
  const copy = path.join(outer, 'hpc-gat', 'bin', 'hpc-gat.mjs');
  await mkdir(path.dirname(planted), { recursive: true });
  await mkdir(path.dirname(copy), { recursive: true });
  await writeFile(path.join(outer, 'node_modules', 'node', 'package.json'), '{}');
  await writeFile(planted, `#!/bin/sh\ntouch ${outer}/executed\n`, { mode: 0o755 });
  await copyFile(launcher, copy);
  const { exitCode } = await execa(process.execPath, ['--import', pretendOld, copy, '--help'], {
    reject: false,
  });
  expect({ exitCode, files: await readdir(outer) }).toEqual({
    exitCode: 3,
    files: ['hpc-gat', 'node_modules'],
  });
});

test('a checkout without its own packages uses none from a parent directory', async () => {
  const outer = temporaryDirectory();
  const root = path.join(outer, 'hpc-gat');
  await cp(path.join(packageRoot, 'src', 'main.ts'), path.join(root, 'src', 'main.ts'), { recursive: true });
  await cp(launcher, path.join(root, 'bin', 'hpc-gat.mjs'));
  await mkdir(path.join(outer, 'node_modules', 'yargs'), { recursive: true });
  const { exitCode, stderr } = await execa(
    process.execPath,
    [path.join(root, 'bin', 'hpc-gat.mjs'), '--help'],
    {
      reject: false,
    },
  );
  expect({ exitCode, stderr }).toEqual({
    exitCode: 3,
    stderr: `hpc-gat: ${root} has no node_modules of its own; fix: run \`npm ci\` there`,
  });
});

test.each([
  ['of its user alone', 0o700, ['node']],
  ['that others could write, created again', 0o777, ['node']],
])('compiled code is cached in a directory %s', async (_what, mode, names) => {
  const XDG_CACHE_HOME = temporaryDirectory();
  const directory = path.join(XDG_CACHE_HOME, 'hpc-gat', 'node');
  await mkdir(directory, { recursive: true });
  await writeFile(path.join(directory, 'before'), '');
  await chmod(directory, mode);
  await execa(process.execPath, [launcher, '--version'], { env: { XDG_CACHE_HOME } });
  expect(await readdir(path.dirname(directory))).toEqual(names);
  expect((await stat(directory)).mode & 0o077).toBe(0);
  expect((await readdir(directory)).includes('before')).toBe(mode === 0o700);
});

(process.getuid?.() === 0 ? test : test.skip)('compiled code of another user is not executed', async () => {
  const XDG_CACHE_HOME = temporaryDirectory();
  const directory = path.join(XDG_CACHE_HOME, 'hpc-gat', 'node');
  await mkdir(directory, { recursive: true });
  await chown(directory, 54_321, 54_321);
  await execa(process.execPath, [launcher, '--version'], { env: { XDG_CACHE_HOME } });
  expect(await readdir(directory)).toEqual([]);
});

test('on an old Node, the one from npm is used', async () => {
  const { stdout } = await execa(process.execPath, ['--import', pretendOld, launcher, '--version']);
  expect(stdout).toMatch(/^\d+\.\d+\.\d+$/);
});

test.each(['--sbatch.nice=5', '--id.x=1', '--config.a.b=1'])(
  '%s is an unknown option, not an object',
  async (option) => {
    const context = testContext({ cwd: temporaryDirectory() });
    expect(await main(['render', option], context)).toBe(2);
    expect(context.messages.join('\n')).toMatch(/unknown option --/);
  },
);
