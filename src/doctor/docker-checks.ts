import { type DockerInfo, queryDockerInfo } from '../docker/info.ts';
import { HpcGatError, MissingToolError } from '../support/errors.ts';
import { findProgram } from '../support/processes/find-program.ts';
import { type Check, note, ok, warning } from './check.ts';

/** Of nvidia-container-toolkit; the daemon starts it for containers that ask for GPUs. */
const gpuHook = 'nvidia-container-runtime-hook';

export const dockerChecks: readonly Check[] = [
  {
    name: 'docker',
    examine: async ({ context, gpu }) => {
      let info: DockerInfo;
      try {
        info = await queryDockerInfo(context);
      } catch (error) {
        context.signal.throwIfAborted();
        if (error instanceof MissingToolError) {
          return note(`${error.message}: images come from files and registries, runs need Apptainer`);
        }
        if (error instanceof HpcGatError) {
          return warning(error.message, error.fix ?? 'see whether `docker version` answers');
        }
        throw error;
      }
      const found = `the daemon ${info.version} answers; runtimes: ${info.runtimes.join(', ')}`;
      const wanted = gpu || findProgram('nvidia-smi', context.env) !== undefined;
      // `--gpus` needs the hook alone; the runtime is what the toolkit's own set-up adds.
      const hasToolkit = info.runtimes.includes('nvidia') || findProgram(gpuHook, context.env) !== undefined;
      return wanted && !hasToolkit
        ? warning(
            `${found}; none for GPUs`,
            'install nvidia-container-toolkit, then `nvidia-ctk runtime configure --runtime=docker` and restart Docker',
          )
        : ok(found);
    },
  },
];
