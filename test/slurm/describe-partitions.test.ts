import { expect, test } from '@jest/globals';
import { listPartitions, parseMinutes, parsePartitions } from '../../src/slurm/list-partitions.ts';
import { findDefaultAccount } from '../../src/slurm/account.ts';
import { testContext } from '../support/context.ts';
import { fakePrograms } from '../support/fake-program.ts';

test('a partition of several node types has the minimum of each resource, and all types of GPUs', () => {
  const text = [
    'cpu*|(null)|1:00:00|4|4000|up',
    'big|gpu:a100:4(S:0-1),nvme:1|7-00:00:00|64+|500000+|up',
    'big|gpu:h100:8|7-00:00:00|96|900000|up',
    'old|craynetwork:4,gpu:2|infinite|8|9000|down',
    '',
  ].join('\n');
  expect(parsePartitions(text)).toEqual([
    { name: 'cpu', isDefault: true, isUp: true, limitMinutes: 60, cpus: 4, memoryMb: 4000, gpus: [] },
    {
      name: 'big',
      isDefault: false,
      isUp: true,
      limitMinutes: 7 * 24 * 60,
      cpus: 64,
      memoryMb: 500_000,
      gpus: [
        { type: 'a100', count: 4 },
        { type: 'h100', count: 8 },
      ],
    },
    {
      name: 'old',
      isDefault: false,
      isUp: false,
      limitMinutes: undefined,
      cpus: 8,
      memoryMb: 9000,
      gpus: [{ type: undefined, count: 2 }],
    },
  ]);
});

test.each([
  ['gpu', [{ type: undefined, count: 1 }]],
  ['gpu:a100', [{ type: 'a100', count: 1 }]],
  [
    'gpu:a100_1g.5gb:7(S:0,2),gpu:a100:1',
    [
      { type: 'a100_1g.5gb', count: 7 },
      { type: 'a100', count: 1 },
    ],
  ],
  ['gputhing:4', []],
])('parses GPUs of %s', (gres, gpus) => {
  expect(parsePartitions(`p|${gres}|30:00|1|1|up`)).toMatchObject([{ gpus }]);
});

test.each([
  ['30:00', 30],
  ['1:30:00', 90],
  ['2-00:00:00', 2880],
  ['infinite', undefined],
])('parses a limit of %s', (text, minutes) => {
  expect(parseMinutes(text)).toBe(minutes);
});

test('reports a controller that does not answer', async () => {
  const PATH = fakePrograms({ sinfo: 'echo "sinfo: error: Unable to contact slurm controller" >&2; exit 1' });
  await expect(listPartitions(testContext({ env: { PATH } }))).rejects.toMatchObject({
    exitCode: 4,
    message: expect.stringContaining('Unable to contact slurm controller'),
  });
});

test.each([
  ['echo physics', 'physics'],
  ['echo', undefined],
  ['echo "sacctmgr: error: no database" >&2; exit 1', undefined],
])('reads the default account where sacctmgr does `%s`', async (sacctmgr, account) => {
  const context = testContext({ env: { PATH: fakePrograms({ sacctmgr }) } });
  expect(await findDefaultAccount(context, 'alice')).toBe(account);
});

test('finds no default account without sacctmgr', async () => {
  expect(await findDefaultAccount(testContext({ env: { PATH: '/nowhere' } }), 'alice')).toBeUndefined();
});
