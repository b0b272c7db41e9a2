import path from 'node:path';
import type { Project } from '../config/load.ts';
import { UsageError } from '../support/errors.ts';
import { quoteForMount } from '../support/mount.ts';
import type { RunPlan } from './plan.ts';

/**
 * How the node of a run starts the client. In an image it sees the run's folder, the model repository and the
 * folder of the workload, at the paths they have outside, and nothing of the user's home.
 *
 * @throws {UsageError} for `client.where: binary` without one.
 */
export function planClient(
  { settings, root }: Project,
  { runFolder, repository, models }: Pick<RunPlan, 'runFolder' | 'repository' | 'models'>,
  hostClient: readonly string[],
): Pick<RunPlan, 'clientWhere' | 'client' | 'clientFile'> {
  const { where, binary, image } = settings.client;
  switch (where) {
    case 'host':
      return { clientWhere: where, client: [...hostClient], clientFile: null };
    case 'binary': {
      if (binary === undefined) {
        throw new UsageError('client.where is binary, and no client.binary says which', {
          fix: 'set client.binary to a self-contained hpc-gat that the nodes see',
        });
      }
      const file = path.resolve(root, binary);
      return { clientWhere: where, client: [file], clientFile: file };
    }
    case 'image': {
      const file = path.resolve(root, image.file);
      const folders = [
        { source: runFolder, readOnly: false },
        { source: repository, readOnly: true },
        ...models
          .filter(({ workload }) => !workload.startsWith(`${repository}/`))
          .map(({ workload }) => ({ source: path.dirname(workload), readOnly: true })),
      ];
      const mounts = folders.flatMap(({ source, readOnly }) => [
        '--mount',
        quoteForMount({ source, destination: source, readOnly }),
      ]);
      return {
        clientWhere: where,
        client: ['exec', '--cleanenv', '--contain', '--pwd', '/', ...mounts, file, 'hpc-gat'],
        clientFile: file,
      };
    }
  }
}
