import { expect, jest, test } from '@jest/globals';
import { signalGroup, signalProcess } from '../../../src/support/processes/process-group.ts';
import { findIdentity, getOwnIdentity } from '../../../src/support/processes/process-identity.ts';

/** Returns the process ids that `act` signals; no signal is sent. */
function signalled(act: () => void): number[] {
  const kill = jest.spyOn(process, 'kill').mockReturnValue(true);
  try {
    act();
    return kill.mock.calls.map(([pid]) => pid);
  } finally {
    kill.mockRestore();
  }
}

test.each([1, 0, -1, -2, Number.NaN, 2.5, Number.POSITIVE_INFINITY, process.pid])(
  'a group %p is never signaled',
  (pid) => {
    expect(
      signalled(() => {
        signalGroup(pid, 'SIGKILL');
      }),
    ).toEqual([]);
  },
);

test('a group of a child is signaled', () => {
  expect(
    signalled(() => {
      signalGroup(4_000_000, 'SIGTERM');
    }),
  ).toEqual([-4_000_000]);
});

test('init, this process and ended processes are never signaled', () => {
  const init = findIdentity(1);
  const parent = findIdentity(process.ppid);
  if (init === undefined || parent === undefined) {
    throw new Error('no init, or no parent');
  }
  const identities = [init, getOwnIdentity(), { ...parent, startTicks: parent.startTicks + 1 }, parent];
  expect(
    signalled(() => {
      identities.forEach((identity) => signalProcess(identity, 'SIGTERM'));
    }),
  ).toEqual([process.ppid]);
});
