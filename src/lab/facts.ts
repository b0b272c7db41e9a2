import path from 'node:path';
import * as z from 'zod';
import { readPackageFile } from '../support/package/package-files.ts';
import { parseYaml } from '../support/text/yaml.ts';

const name = z
  .string()
  .regex(/^[a-z][a-z0-9-]*$/, 'expected a name of lower-case letters, digits and hyphens');
const count = z.int().positive();
const address = z.int().min(2).max(254);

const node = z.discriminatedUnion('role', [
  z.strictObject({ role: z.enum(['controller', 'login', 'workstation']), address }),
  z.strictObject({
    role: z.literal('compute'),
    address,
    cpus: count,
    memoryMb: count,
    features: z.array(name),
    gpus: count.optional(),
  }),
]);

export const clusterSchema = z.strictObject({
  name,
  /** First three numbers of an IPv4 /24. */
  subnet: z.string().regex(/^\d+\.\d+\.\d+$/, 'expected three numbers, such as 10.77.0'),
  nodes: z.record(name, node),
  gpuType: name,
  partitions: z.record(
    name,
    z.strictObject({ nodes: z.array(name), default: z.boolean(), defaultMinutes: count, maxMinutes: count }),
  ),
  defaultMemoryPerCpuMb: count,
  accounts: z.array(name).min(1),
  qos: z.array(name).min(1),
  users: z.record(name, z.strictObject({ uid: count, accounts: z.array(name).min(1) })),
});

export const packagesSchema = z.strictObject({ suite: name, packages: z.array(z.string()).min(1) });

export type Cluster = z.output<typeof clusterSchema>;
export type ClusterNode = Cluster['nodes'][string];
export type ComputeNode = Extract<ClusterNode, { role: 'compute' }>;
export type Packages = z.output<typeof packagesSchema>;

export async function loadCluster(): Promise<Cluster> {
  return load('cluster.yaml', 'description of the lab', clusterSchema);
}

export async function loadPackages(): Promise<Packages> {
  return load('packages.yaml', 'package list of the lab', packagesSchema);
}

async function load<Schema extends z.ZodType>(
  file: string,
  what: string,
  schema: Schema,
): Promise<z.output<Schema>> {
  const inPackage = path.join('slurm', 'lab', file);
  return parseYaml(schema, (await readPackageFile(inPackage)) ?? '', { what, file: inPackage });
}
