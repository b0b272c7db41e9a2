import { expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { cp, readFile, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { packageRoot } from '../../../src/support/package/package-root.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

/** The images are the same on every machine; `npm run fuzz` generates others, for hours. */
const seed = 6;
const cases = 300;
const testMs = 180_000;

function fuzz(root: string): Promise<{ exitCode: number; output: string }> {
  const argv = ['test/image/fuzz/run.ts', '--seed', String(seed), '--cases', String(cases)];
  return new Promise((resolve) => {
    const env = { PATH: process.env.PATH, TMPDIR: temporaryDirectory() };
    execFile(process.execPath, argv, { cwd: root, env }, (error, stdout, stderr) => {
      resolve({ exitCode: error === null ? 0 : 1, output: stdout + stderr });
    });
  });
}

/** Applies a change of one line, in the form of a patch. */
async function apply(patch: string, root: string): Promise<void> {
  const [, name = '', removed = '', added = ''] = /^\+\+\+ b\/(.*)\n@@\n-(.*)\n\+(.*)\n$/m.exec(patch) ?? [];
  const file = path.join(root, name);
  const before = await readFile(file, 'utf8');
  expect(before.split('\n').filter((line) => line === removed)).toHaveLength(1);
  await writeFile(file, before.replace(`${removed}\n`, `${added}\n`));
}

test(
  'hostile images cause no crash, hang, unbounded growth or outside write',
  async () => {
    const { exitCode, output } = await fuzz(packageRoot);
    expect({ exitCode, output }).toEqual({
      exitCode: 0,
      output: expect.stringContaining(`${cases} cases, `),
    });
    // Most images are rejected; if all were, nothing after the first check would be tested.
    expect(Number(/, (\d+) of them made a SIF\n$/.exec(output)?.[1])).toBeGreaterThan(cases / 10);
  },
  testMs,
);

test(
  'a planted bug is found by the fuzzer',
  async () => {
    const root = temporaryDirectory();
    for (const name of ['src', 'templates', 'test/image', 'package.json']) {
      await cp(path.join(packageRoot, name), path.join(root, name), { recursive: true });
    }
    await symlink(path.join(packageRoot, 'node_modules'), path.join(root, 'node_modules'));
    await apply(await readFile(path.join(packageRoot, 'test/image/fuzz/planted.patch'), 'utf8'), root);
    const { exitCode, output } = await fuzz(root);
    expect({ exitCode, output }).toEqual({
      exitCode: 1,
      output: expect.stringMatching(/of seed 6: a crash: /),
    });
  },
  testMs,
);
