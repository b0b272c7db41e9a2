import { describe, expect, test } from '@jest/globals';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { ScriptRun } from '../../support/script-run.ts';

/** Runs the script of a run with these lines as `setup`. */
async function runWith(setup: string[], env: Record<string, string> = {}) {
  const run = await ScriptRun.create({ setup });
  return { run, ...(await run.run(env)) };
}

/** Lines that a user may write, and that a run must tolerate. */
const harmless: [string, string[]][] = [
  [
    'shell options, traps, another directory and a failure',
    [
      'set -e -u -k -f -C -o pipefail; shopt -s nullglob failglob nocasematch dotglob; IFS=:e',
      'export SHELLOPTS BASHOPTS',
      "trap 'echo bye' EXIT; trap '' TERM USR1 INT; trap 'echo debug' DEBUG",
      'cd /proc/self; set -- a b c; shift',
      'set +e; false',
    ],
  ],
  [
    'POSIX mode, aliases, its input read and its output redirected',
    [
      'set -o posix; export POSIXLY_CORRECT=1',
      'shopt -s expand_aliases; alias printf=false mkdir=false rm=false grep=false',
      'cat; read -r line',
      'exec 3>&1 >/dev/null 2>&1',
      'sleep 0.7 &',
      'export LD_PRELOAD=/nonexistent.so TMPDIR=/nonexistent; umask 777',
    ],
  ],
  [
    'variables with names of the script, read-only too',
    [
      'image=x client=y models=z run_directory=/nonexistent run_id= container= temp_candidates= runtime=q',
      'export image client models run_directory run_id container ports=1 environment=2',
      'readonly image owned=y temp_directory=1 name=2 entry=3 value=4 limit=5; declare -r PATH IFS HOME',
    ],
  ],
  [
    'functions with names of the script, of programs and of builtins',
    [
      'log_event() { exit 9; }; finish() { :; }; log() { exit 9; }; track() { exit 9; }; release() { exit 9; }',
      'on_exit() { :; }; find_runtime() { exit 9; }; claim_run() { exit 9; }; end_server() { exit 9; }',
      'grep() { exit 9; }; date() { exit 9; }; mkdir() { exit 9; }; awk() { :; }; env() { :; }',
      'export -f grep date mkdir awk env',
      'printf() { :; }; set() { :; }; trap() { :; }; command() { :; }',
    ],
  ],
  [
    'a PATH without the system, lines that belong together and an early return',
    [
      'unset PATH; export PATH=$HOME/bin',
      'if true; then',
      '  export A=1',
      'fi',
      'read -r a <<X',
      'here',
      'X',
      'return 3',
      'exit 9',
    ],
  ],
];

test.each(harmless)('a run passes with %s in setup', async (_name, setup) => {
  const { exitCode, reason, log, run } = await runWith(setup);
  expect({ exitCode, reason, log }).toMatchObject({ exitCode: 0, reason: 'passed' });
  expect(await run.calls()).toContainEqual(expect.stringMatching(/^client test /));
});

describe('exports of setup', () => {
  test('reach the programs of the run, like its limits, and unset variables do not', async () => {
    const value = 'a "b" \'c\' $(id)\nd';
    const run = await ScriptRun.create(
      {
        setup: [
          `export SITE_VALUE='${value.replaceAll("'", `'\\''`)}' https_proxy=http://proxy:3128`,
          'unset GONE',
          'ulimit -S -n 333',
        ],
      },
      {},
      {
        start:
          'printf %s "$SITE_VALUE" >"$HOME/value"; echo "${GONE-unset} $(ulimit -S -n) $https_proxy" >"$HOME/more"',
      },
    );
    expect(await run.run({ GONE: 'here' })).toMatchObject({ exitCode: 0 });
    expect(await readFile(path.join(run.root, 'value'), 'utf8')).toBe(value);
    expect(await readFile(path.join(run.root, 'more'), 'utf8')).toBe('unset 333 http://proxy:3128\n');
  });

  test('determine the directory for temporary files, exported or not', async () => {
    const run = await ScriptRun.create({
      node: { temp: ['$site_scratch'], tempFreeMiB: 0 },
      setup: ['site_scratch=$HOME/temp'],
    });
    const result = await run.run();
    expect(result).toMatchObject({ exitCode: 0, reason: 'passed' });
    expect((await run.calls()).join('\n')).toContain(`source=${run.root}/temp/hpc-gat-sample.`);
  });
});

test.each([
  ['exit', ['true', 'exit 3', 'true'], 'line 2: exit 3', 'exit code 3'],
  ['exit 0', ['exit 0'], 'line 1: exit 0', 'exit code 0'],
  ['set -e and a failure', ['set -e', '', 'ls /nonexistent'], 'line 3: ls /nonexistent', 'exit code 2'],
  ['another program', ['true', 'exec true'], 'line 2: exec true', 'exit code 0'],
  ['an unset variable', ['set -u', 'echo $NO_SUCH_VARIABLE'], 'line 2: echo $NO_SUCH_VARIABLE', 'exit code'],
])('a shell that ends in setup (%s) is reported with the line', async (_name, setup, line, code) => {
  const { exitCode, reason, log } = await runWith(setup);
  expect({ exitCode, reason, log }).toMatchObject({ exitCode: 1, reason: 'setup-ended' });
  expect(log).toContain(line);
  expect(log).toContain(code);
});

test('a syntax error in setup is reported with its line', async () => {
  const { exitCode, reason, log } = await runWith(['true', 'echo "a', 'fi']);
  expect({ exitCode, reason }).toEqual({ exitCode: 2, reason: 'setup-syntax' });
  expect(log).toMatch(/setup: line \d: unexpected EOF/);
});

test('a failing line of setup is logged with its number', async () => {
  const { exitCode, log } = await runWith(['true', 'no-such-program --x']);
  expect(exitCode).toBe(0);
  expect(log).toMatch(/line 2 of setup ended with exit code 127: no-such-program --x/);
});

test('a full disk is reported when the result of setup cannot be written', async () => {
  const { exitCode, reason, log } = await runWith([
    'ln -s /dev/full "$(echo "$HOME"/.hpc-gat/runs/sample/owned/*)/setup-part"',
  ]);
  expect({ exitCode, reason }).toEqual({ exitCode: 1, reason: 'run-folder' });
  expect(log).toMatch(
    /the result of setup cannot be written to .*owned.* \(\d+ MiB free: the file system is full/,
  );
  expect(log).not.toContain('ended the shell');
});

test('a full disk is reported before incomplete setup lines are executed', async () => {
  const run = await ScriptRun.create(
    { setup: ['touch "$HOME/executed"'] },
    {},
    { edit: (script) => script.replace('} >"$owned/setup"', '} >/dev/full') },
  );
  expect(await run.run()).toMatchObject({ exitCode: 1, reason: 'run-folder' });
  expect(await readdir(run.root)).not.toContain('executed');
});

test('a run passes whose script file is overwritten while it runs', async () => {
  const { exitCode, reason, log } = await runWith([
    'for number in {1..5000}; do echo "exit 99"; done >"$HOME/.hpc-gat/runs/sample/batch.sh"',
  ]);
  expect({ exitCode, reason, log }).toMatchObject({ exitCode: 0, reason: 'passed' });
});

test('variables of the container runtime come from setup, not from the submitting shell', async () => {
  const run = await ScriptRun.create(
    { setup: ['export APPTAINER_BINDPATH=/data APPTAINERENV_SITE=from-setup'] },
    {},
    { start: 'env | grep -E "^(APPTAINER|SINGULARITY)" >"$HOME/variables"' },
  );
  const shell = {
    APPTAINERENV_LD_LIBRARY_PATH: '/x',
    SINGULARITYENV_PYTHONHOME: '/x',
    APPTAINER_CONTAINALL: '1',
    SINGULARITY_BIND: '/x',
    APPTAINER_BINDPATH: '/x',
    APPTAINER_CONFIGDIR: path.join(run.root, 'configuration'),
    BASH_ENV: '/x',
  };
  expect(await run.run(shell)).toMatchObject({ exitCode: 0 });
  const variables = await readFile(path.join(run.root, 'variables'), 'utf8');
  expect(variables).toMatch(/^APPTAINER_BINDPATH=\/data$/m);
  expect(variables).toMatch(/^APPTAINERENV_SITE=from-setup$/m);
  expect(variables).toMatch(/^APPTAINER_CONFIGDIR=.*configuration$/m);
  expect(variables).not.toMatch(/=\/x$|CONTAINALL|PYTHONHOME/m);
});

describe('module', () => {
  const setup = ['module load apptainer', '[ "$LOADED" = apptainer ]'];

  test('is defined by the init file of the site where the shell lacks it', async () => {
    const run = await ScriptRun.create(
      { setup: [...setup, 'export LOADED'] },
      {},
      { start: 'echo "$LOADED" >"$HOME/loaded"' },
    );
    await mkdir(path.join(run.root, 'lmod/init'), { recursive: true });
    await writeFile(path.join(run.root, 'lmod/init/bash'), 'module() { LOADED=$2; }\n');
    expect(await run.run({ LMOD_PKG: path.join(run.root, 'lmod') })).toMatchObject({ exitCode: 0 });
    expect(await readFile(path.join(run.root, 'loaded'), 'utf8')).toBe('apptainer\n');
  });

  test('is reported as missing with the line that needs it', async () => {
    const run = await ScriptRun.create({ setup: ['true', ...setup] });
    await run.hideRuntime();
    const { exitCode, reason, log } = await run.run();
    expect({ exitCode, reason }).toEqual({ exitCode: 3, reason: 'no-module' });
    expect(log).toContain(
      '`module` is not defined on this node; line 2 of setup needs it: module load apptainer',
    );
  });
});
