import { type DockerInfo, queryDockerInfo } from '../docker/info.ts';
import { HpcGatError, MissingToolError } from '../support/errors.ts';
import { findProgram } from '../support/processes/find-program.ts';
import { type Check, note, ok, warning } from './check.ts';

/** Program of nvidia-container-toolkit, which the daemon starts for containers that request GPUs. */
const gpuHook = 'nvidia-container-runtime-hook';

export const dockerChecks: readonly Check[] = [
  {
    name: 'docker',
    run: async ({ context, gpu }) => {
      let info: DockerInfo;
      try {
        info = await queryDockerInfo(context);
      } catch (error) {
        context.signal.throwIfAborted();
        if (error instanceof MissingToolError) {
          return note(`${error.message}: images come from files and registries, runs need Apptainer`);
        }
        if (error instanceof HpcGatError) {
          return warning(error.message, error.fix ?? 'check whether `docker version` answers');
        }
        throw error;
      }
      const found = `the daemon ${info.version} answers; runtimes: ${info.runtimes.join(', ')}`;
      const needsToolkit = gpu || findProgram('nvidia-smi', context.env) !== undefined;
      // `--gpus` needs only the hook; the toolkit's own setup adds the runtime.
      const hasToolkit = info.runtimes.includes('nvidia') || findProgram(gpuHook, context.env) !== undefined;
      return needsToolkit && !hasToolkit
        ? warning(
            `${found}; no runtime for GPUs`,
            'install nvidia-container-toolkit, then `nvidia-ctk runtime configure --runtime=docker` and restart Docker',
          )
        : ok(found);
    },
  },
];
