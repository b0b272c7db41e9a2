import { expect, test } from '@jest/globals';
import { execa } from 'execa';
import { access, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { killRecorded, findRunningProcess } from '../../src/lab/processes.ts';
import { renderTemplate } from '../../src/render/template.ts';
import { findIdentity } from '../../src/support/processes/process-identity.ts';
import { systemClock } from '../../src/support/clock.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

test('the pid file of the scripts names their own process', async () => {
  const record = await renderTemplate('lab/_record.sh.hbs', {});
  const file = path.join(temporaryDirectory(), 'pid');
  const child = execa(
    'bash',
    ['-c', `${record}\necho "$record" >"$1"; echo done; exec sleep 60`, 'bash', file],
    {
      reject: false,
    },
  );
  await new Promise((resolve) => child.stdout.once('data', resolve));
  expect(await findRunningProcess(file)).toEqual(findIdentity(child.pid ?? 0));
  await killRecorded(file, systemClock);
  expect((await child).signal).toBe('SIGKILL');
  await expect(access(file)).rejects.toThrow('ENOENT');
});

test('a later process with the same number is not confused with the recorded one', async () => {
  const child = execa('sleep', ['60'], { reject: false });
  const file = path.join(temporaryDirectory(), 'pid');
  await writeFile(file, `${child.pid ?? 0} 1\n`);
  expect(await findRunningProcess(file)).toBeUndefined();
  await killRecorded(file, systemClock);
  expect(findIdentity(child.pid ?? 0)).toBeDefined();
  child.kill();
  await child;
});

test.each(['', 'rubbish', '12'])('%j in a pid file is no process', async (text) => {
  const file = path.join(temporaryDirectory(), 'pid');
  await writeFile(file, text);
  expect(await findRunningProcess(file)).toBeUndefined();
});
