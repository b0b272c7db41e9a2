import path from 'node:path';
import type { Project } from '../../config/load.ts';
import { getInstanceArguments } from '../../apptainer/instance.ts';
import { isOnThisMachine, parseDockerUrl } from '../../docker/endpoint.ts';
import { getRunArguments } from '../../docker/run-arguments.ts';
import { UsageError } from '../../support/errors.ts';
import type { Mount } from '../../support/files/mount.ts';
import { getDockerName } from './docker-image.ts';
import type { RunPlan } from './run-plan.ts';

export interface ContainerRequest {
  readonly kind: RunPlan['kind'];
  readonly serve: boolean;
  readonly gpu: boolean;
  readonly mounts: readonly Mount[];
  /** Address of the Docker daemon, for a run with Docker. */
  readonly dockerHost: string | undefined;
}

/**
 * Plans the server's container: the runtime, the image in the runtime's notation, and the options.
 *
 * @throws {UsageError} for Docker where it cannot be used, or without an image.
 */
export function planContainer(
  project: Project,
  request: ContainerRequest,
): Pick<RunPlan, 'runtime' | 'image' | 'containerArguments' | 'dockerHost'> {
  const { root, settings } = project;
  const { runtime } = settings;
  const { gpu, mounts } = request;
  if (runtime !== 'docker') {
    return {
      runtime,
      image: path.resolve(root, settings.image.file),
      containerArguments: getInstanceArguments({ gpu, mounts, further: settings.apptainer.arguments }),
    };
  }
  rejectUnusableDocker(request);
  const { shmSize, arguments: further } = settings.docker;
  return {
    runtime,
    image: getDockerImage(project),
    containerArguments: getRunArguments({ mounts, shmSize, further }),
    dockerHost: request.dockerHost ?? '',
  };
}

function rejectUnusableDocker({ kind, serve, dockerHost = '' }: ContainerRequest): void {
  if (kind === 'job') {
    throw new UsageError('a batch job runs with Apptainer or Singularity: clusters have no Docker', {
      fix: `use \`hpc-gat ${serve ? 'start' : 'run'}\` for Docker on this machine, or use --runtime apptainer`,
    });
  }
  if (dockerHost !== '' && !isOnThisMachine(parseDockerUrl(dockerHost))) {
    throw new UsageError(
      `the Docker daemon at ${dockerHost} is on another machine: its containers see none of the files of this one`,
      { fix: 'run hpc-gat there, or set DOCKER_HOST to a daemon of this machine' },
    );
  }
}

/** Returns `docker.image`, else the name of the image that the SIF is made from. */
function getDockerImage({ root, settings }: Project): string {
  const name = settings.docker.image ?? getDockerName(settings.image.source, root);
  if (name === undefined) {
    throw new UsageError('this run has no Docker image', {
      fix: 'name it: --image NAME, docker.image in hpc-gat.yaml, or image.source: docker-daemon:NAME',
    });
  }
  return name;
}
