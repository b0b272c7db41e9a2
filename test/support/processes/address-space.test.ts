import { expect, jest, test } from '@jest/globals';
import { execa } from 'execa';
import path from 'node:path';
import {
  getAddressSpaceLimit,
  restartWithoutGuardRegions,
} from '../../../src/support/processes/address-space.ts';
import { packageRoot } from '../../../src/support/package/package-root.ts';

const option = '--disable-wasm-trap-handler';

test('reads the soft limit of the address space', () => {
  const limits = (soft: string) =>
    `Limit                     Soft Limit           Hard Limit           Units\nMax address space         ${soft}          unlimited            bytes\n`;
  expect(getAddressSpaceLimit(limits('8192000000'))).toBe(8_192_000_000);
  expect(getAddressSpaceLimit(limits('unlimited'))).toBeUndefined();
  expect(getAddressSpaceLimit('')).toBeUndefined();
});

test('restarts once where the address space is limited, with the same arguments', () => {
  const node = {
    execPath: '/node',
    execArgv: ['--x'],
    argv: ['/node', '/bin/hpc-gat.js', 'a', 'b c'],
    env: {},
  };
  const call = (more: object, limit?: number) => {
    const execve = jest.fn<(...args: unknown[]) => never>();
    restartWithoutGuardRegions({ ...node, execve, ...more }, limit);
    return execve.mock.calls;
  };
  expect(call({})).toEqual([]);
  expect(call({}, 8e9)).toEqual([['/node', ['/node', option, '--x', '/bin/hpc-gat.js', 'a', 'b c'], {}]]);
  expect(call({ execArgv: [option] }, 8e9)).toEqual([]);
  expect(call({ env: { NODE_OPTIONS: option } }, 8e9)).toEqual([]);
  expect(call({ execve: undefined }, 8e9)).toEqual([]);
  expect(call({ argv: ['/node', '/node', 'a'] }, 8e9)).toEqual([
    ['/node', ['/node', 'a'], { NODE_OPTIONS: option }],
  ]);
});

test('starts with a limited address space, without a warning', async () => {
  const program = path.join(packageRoot, 'bin', 'hpc-gat.js');
  const { stdout, stderr } = await execa('bash', [
    '-c',
    `ulimit -v 20000000; exec "$1" --disable-warning=ExperimentalWarning "$2" --version`,
    'bash',
    process.execPath,
    program,
  ]);
  expect({ stdout, stderr }).toEqual({ stdout: expect.stringMatching(/^\d+\.\d+\.\d+$/), stderr: '' });
});
