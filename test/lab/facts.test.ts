import { expect, test } from '@jest/globals';
import { clusterSchema, loadCluster, loadPackages } from '../../src/lab/facts.ts';
import { getNode, openLab } from '../../src/lab/open-lab.ts';
import { UsageError } from '../../src/support/errors.ts';
import { parseYaml } from '../../src/support/text/yaml.ts';
import { testContext } from '../support/context.ts';

test('the shipped description has two ordinary users, GPU nodes and partitions of known nodes', async () => {
  const cluster = await loadCluster();
  expect(Object.keys(cluster.users)).toEqual(['alice', 'bob']);
  expect(Object.keys(cluster.nodes)).toEqual(['ctl', 'login', 'cpu1', 'cpu2', 'gpu1', 'gpu2', 'workstation']);
  const members = Object.values(cluster.partitions).flatMap(({ nodes }) => nodes);
  expect(members.filter((name) => cluster.nodes[name]?.role !== 'compute')).toEqual([]);
  expect((await loadPackages()).packages).toContain('apptainer');
});

test('an unknown key in a description is rejected with its position', () => {
  const text = 'name: lab\nsubnett: 10.0.0\n';
  expect(() => parseYaml(clusterSchema, text, { what: 'lab', file: 'x.yaml' })).toThrow(
    /x\.yaml:2:1: subnett/,
  );
});

test.each(['Default', '', 'rootfs-1', '../up', 'a b'])('%j is rejected as a lab name', async (name) => {
  await expect(openLab(testContext(), name)).rejects.toThrow(UsageError);
});

test('a misspelt node is reported with the right one', async () => {
  const lab = await openLab(testContext());
  expect(() => getNode(lab, 'logn')).toThrow(expect.objectContaining({ fix: 'did you mean "login"?' }));
});
