import path from 'node:path';
import type { Project } from '../../config/load.ts';
import { getClientArguments } from '../../docker/run-arguments.ts';
import { UsageError } from '../../support/errors.ts';
import { type Mount, quoteForMount } from '../../support/files/mount.ts';
import { getDockerName } from './docker-image.ts';
import type { RunPlan } from './run-plan.ts';

type ClientPlan = Pick<RunPlan, 'clientWhere' | 'client' | 'clientFile' | 'clientImage'>;
type ClientInputs = Pick<RunPlan, 'runDirectory' | 'repository' | 'models'>;

const programInImage = 'hpc-gat';

/**
 * Plans the command that starts the client on the node. In an image it sees the run's directory, the model
 * repository and the directory of the workload, at their paths on the host, and nothing of the user's home.
 *
 * @throws {UsageError} for `client.where: binary` without a binary, and for an image that has no name in
 * Docker.
 */
export function planClient(project: Project, seen: ClientInputs, hostClient: readonly string[]): ClientPlan {
  const { settings, root } = project;
  const { where, binary } = settings.client;
  switch (where) {
    case 'host':
      return { clientWhere: where, client: [...hostClient], clientFile: null };
    case 'binary': {
      if (binary === undefined) {
        throw new UsageError('client.where is binary, but client.binary is not set', {
          fix: 'set client.binary to a self-contained hpc-gat that the nodes see',
        });
      }
      const file = path.resolve(root, binary);
      return { clientWhere: where, client: [file], clientFile: file };
    }
    case 'image':
      return settings.runtime === 'docker'
        ? planDockerClient(project, planMounts(seen))
        : planSifClient(project, planMounts(seen));
  }
}

function planSifClient({ settings, root }: Project, mounts: readonly Mount[]): ClientPlan {
  const file = path.resolve(root, settings.client.image.file);
  const mounted = mounts.flatMap((mount) => ['--mount', quoteForMount(mount)]);
  return {
    clientWhere: 'image',
    client: ['exec', '--cleanenv', '--contain', '--pwd', '/', ...mounted, file, programInImage],
    clientFile: file,
  };
}

function planDockerClient({ settings, root }: Project, mounts: readonly Mount[]): ClientPlan {
  const image = getDockerName(settings.client.image.source, root);
  if (image === undefined) {
    throw new UsageError('client.where is image, but the client has no Docker image', {
      fix: 'set client.image.source to docker-daemon:NAME (`hpc-gat build client` makes one), or client.where to host',
    });
  }
  return {
    clientWhere: 'image',
    client: getClientArguments({ mounts, image, program: programInImage }),
    clientFile: null,
    clientImage: image,
  };
}

function planMounts({ runDirectory, repository, models }: ClientInputs): Mount[] {
  const directories = [
    { source: runDirectory, readOnly: false },
    { source: repository, readOnly: true },
    ...models
      .filter(({ workload }) => !workload.startsWith(`${repository}/`))
      .map(({ workload }) => ({ source: path.dirname(workload), readOnly: true })),
  ];
  return directories.map(({ source, readOnly }) => ({ source, destination: source, readOnly }));
}
