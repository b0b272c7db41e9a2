import { expect, test } from '@jest/globals';
import { execa } from 'execa';
import { mkdirSync, readdirSync } from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';
import { runChecksOnNode } from '../../src/doctor/run-checks-on-node.ts';
import { renderTemplate } from '../../src/render/template.ts';
import { sampleSettings } from '../run/plan/sample-plan.ts';
import { testContext } from '../support/context.ts';
import { fakePrograms } from '../support/fake-program.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

/**
 * Runs the checks on a "node": srun executes the script of the job on this host, with a client that reports its
 * environment. The setup lines may take one second.
 */
async function checkNode(setup: string[]) {
  const temp = path.join(temporaryDirectory(), 'temp');
  mkdirSync(temp);
  const PATH = fakePrograms({
    srun: `sed 's/^setup_seconds=.*/setup_seconds=1/' | bash -s -- client doctor
      code=$?
      [ $code = 0 ] || echo "srun: error: node1: task 0: Exited with exit code $code" >&2
      exit $code`,
    client: `printf '[{"check":"%s","status":"ok","message":"%s"}]' "$1" "$SITE_VALUE"`,
  });
  const context = testContext({ env: { PATH, TMPDIR: temp } });
  const host = { context, settings: sampleSettings({ setup }), root: temp, gpu: false };
  const request = { partition: 'cpu', waitMs: 20_000, args: [] };
  const outcome = await runChecksOnNode(host, request).catch((error: unknown) => error);
  return { outcome, messages: context.messages, left: readdirSync(temp) };
}

test.each<[string, string[], string]>([
  ['no setup lines', [], ''],
  ['exported variables', ['export SITE_VALUE=site'], 'site'],
  ['output', ['echo Welcome to the cluster', 'export SITE_VALUE=site'], 'site'],
  ['input read', ['cat; read -r line || true', 'export SITE_VALUE=site'], 'site'],
  ['redirected output', ['exec >/dev/null 2>&1', 'export SITE_VALUE=site'], 'site'],
  ['functions with names of the script', ['main() { :; }; hostname() { :; }; log() { exit 9; }'], ''],
])('the client checks the node after setup lines with %s', async (_what, setup, message) => {
  expect(await checkNode(setup)).toEqual({
    outcome: { node: hostname(), results: [{ check: 'doctor', status: 'ok', message }] },
    messages: [],
    left: [],
  });
});

test.each<[string, string[], string | RegExp, RegExp]>([
  [
    'exit',
    ['true', 'exit 3'],
    'setup ended the shell before its last line, with exit code 3, in line 2: exit 3',
    /`exit`/,
  ],
  ['exit 0', ['exit 0'], 'with exit code 0, in line 1: exit 0', /`exit`/],
  ['exec', ['echo Welcome', 'exec true'], 'with exit code 0, in line 2: exec true', /`exec PROGRAM`/],
  ['set -e', ['set -e', 'false'], 'with exit code 1, in line 2: false', /`set -e`/],
  [
    'a syntax error',
    ['true', 'if true; then'],
    /setup: line \d: syntax error.*\nsetup has a syntax/,
    /correct/,
  ],
  [
    'a line that hangs',
    ['true', 'sleep 30'],
    /in line 2: sleep 30\nthe setup lines were ended, because they did not complete within 1 s/,
    /execute the setup lines/,
  ],
  [
    'a line that hangs and ignores SIGTERM',
    ["trap '' TERM; sleep 30"],
    'did not complete within 1 s',
    /execute/,
  ],
])('setup lines that fail by %s are reported with the line and a fix', async (_what, setup, message, fix) => {
  const { outcome, left } = await checkNode(setup);
  expect(outcome).toMatchObject({
    message: typeof message === 'string' ? expect.stringContaining(message) : expect.stringMatching(message),
    fix: expect.stringMatching(fix),
    exitCode: 4,
  });
  expect((outcome as Error).message).toMatch(new RegExp(`^the setup lines failed on ${hostname()}: `));
  expect((outcome as Error).message).not.toContain('srun:');
  expect(left).toEqual([]);
});

test('a setup line that fails and does not end the shell is reported as a warning', async () => {
  const { outcome, messages } = await checkNode(['no-such-program --x']);
  expect(outcome).toMatchObject({ node: hostname() });
  expect(messages).toEqual([
    `warning: ${hostname()}: line 1 of setup ended with exit code 127: no-such-program --x`,
  ]);
});

test.each([[[]], [['module load apptainer']]])(
  'the script with setup lines %j passes shellcheck',
  async (setup) => {
    const script = await renderTemplate('run/check-node.sh.hbs', { setup, setupSeconds: 60 });
    const { stdout } = await execa('shellcheck', ['--severity=warning', '--shell=bash', '-'], {
      input: script,
      reject: false,
    });
    expect(stdout).toBe('');
  },
);
