import { access, constants, stat } from 'node:fs/promises';
import path from 'node:path';
import { findContainerRuntime } from '../apptainer/container-runtime.ts';
import { findHarmfulSettings, readSiteConfiguration } from '../apptainer/site-configuration.ts';
import { runInImage } from '../apptainer/starts-image.ts';
import { formatBytes } from '../support/text/amounts.ts';
import { getLastLines } from '../support/processes/command.ts';
import { readTextIfPresent } from '../support/files/file-access.ts';
import { findProgram } from '../support/processes/find-program.ts';
import { type Check, error, note, ok, systemFiles, warning } from './check.ts';

const probeTimeoutMs = 60_000;

export const containerChecks: readonly Check[] = [
  {
    name: 'runtime',
    run: async ({ context }) => {
      const { name, path: file, version } = await findContainerRuntime(context);
      return ok(`${name} ${version} at ${file}`);
    },
  },
  {
    name: 'runtime-configuration',
    run: async ({ context, settings, root }) => {
      const configuration = await readSiteConfiguration(context, await findContainerRuntime(context));
      if (configuration === undefined) {
        return note('not checked: the runtime reports no configuration file that this user may read');
      }
      const { file } = configuration;
      const harmful = await findHarmfulSettings(configuration, path.resolve(root, settings.image.file));
      return harmful.length === 0
        ? ok(`no setting in ${file} prevents a run`)
        : harmful.map(({ setting, why, fix }) => error(`\`${setting}\` in ${file}: ${why}`, fix));
    },
  },
  {
    name: 'user-namespaces',
    run: async ({ context, system = systemFiles }) => {
      const unshare = findProgram('unshare', context.env);
      if (unshare === undefined) {
        return note('not checked: unshare is not on the PATH');
      }
      const { exitCode } = await context.run(unshare, ['--user', 'true'], { timeoutMs: probeTimeoutMs });
      if (exitCode === 0) {
        return ok('can be created by this user');
      }
      const restricted = await readTextIfPresent(system.namespaceRestriction);
      return warning(
        restricted?.trim() === '1'
          ? 'AppArmor keeps users from creating them'
          : 'cannot be created by this user',
        'without them Apptainer must be installed setuid: ask the administrators for that, or for user.max_user_namespaces',
      );
    },
  },
  {
    name: 'fuse',
    run: async ({ context, settings, root, system: { fuse } = systemFiles }) => {
      try {
        await access(fuse, constants.R_OK | constants.W_OK);
        return ok(`${fuse} can be used`);
      } catch {
        const configuration = await readSiteConfiguration(context, await findContainerRuntime(context));
        return configuration?.isSetuid === true
          ? ok(`${fuse} cannot be used, but is not needed: the runtime is installed setuid`)
          : warning(
              `${fuse} cannot be used: each start unpacks the whole SIF${await formatSizeNote(path.resolve(root, settings.image.file))}, which takes from seconds to minutes`,
              `ask the administrators for ${fuse}, or provide that much free space in node.temp`,
            );
      }
    },
  },
  {
    name: 'image',
    run: async ({ context, settings, root }) => {
      const image = path.resolve(root, settings.image.file);
      try {
        await access(image);
      } catch {
        return note(`no image at ${image} yet`);
      }
      const probe = await runInImage(context, await findContainerRuntime(context), image, 'true');
      return probe.exitCode === 0
        ? ok(`${image} starts here`)
        : error(
            `${image} does not start here: ${getLastLines(probe)}`,
            probe.stderr.includes('/dev/fuse')
              ? 'see the check fuse; a run unpacks the image instead'
              : 'if the host cannot read its compression: hpc-gat make-sif --force --compression gzip:6',
          );
    },
  },
  {
    name: 'gpu',
    run: async ({ context, gpu }) => {
      const program = findProgram('nvidia-smi', context.env);
      const listed =
        program === undefined ? undefined : await context.run(program, ['-L'], { timeoutMs: probeTimeoutMs });
      const gpus = listed?.stdout.split('\n').filter((line) => line.startsWith('GPU ')) ?? [];
      if (gpus.length > 0) {
        return ok(gpus.join(', '));
      }
      const found =
        listed === undefined ? 'no nvidia-smi here' : `nvidia-smi lists no GPU: ${getLastLines(listed)}`;
      return gpu
        ? error(found, 'request a node with a GPU, or ask the administrators to repair its driver')
        : note(`${found}: normal for a login node`);
    },
  },
];

/** Formats the size of the image and of its unpacked files: the squashfs of Triton's image has about a third of their size. */
async function formatSizeNote(image: string): Promise<string> {
  const size = await stat(image).catch(() => undefined);
  return size === undefined
    ? ''
    : ` (${formatBytes(size.size)}, about ${formatBytes(3 * size.size)} unpacked)`;
}
