import type { Argv } from 'yargs';

/** Options that several verbs have. Each is defined once, here. */

export const jsonOption = { type: 'boolean', default: false, describe: 'Output JSON' } as const;

export const dryRunOption = {
  type: 'boolean',
  default: false,
  describe: 'Print what would be done; change nothing',
} as const;

/** `--dry-run` of the verbs that run a script. */
export const scriptDryRunOption = {
  ...dryRunOption,
  describe: 'Print the script instead of running it',
} as const;

export const modelsOption = {
  type: 'string',
  describe: "Model repository [the project's model.repository]",
} as const;

/** Options that select the project and the site. */
export const projectOptions = {
  config: {
    type: 'string',
    describe: 'Configuration file [the nearest hpc-gat.yaml at or above this directory]',
  },
  site: { type: 'string', describe: 'Site profile: a name, or the path to a file' },
} as const;

type ProjectOption = keyof typeof projectOptions;

export function withProjectOptions<T>(yargs: Argv<T>) {
  return yargs.options(projectOptions);
}

/** Returns the arguments with which another hpc-gat, for example on a compute node, selects the same project and site. */
export function projectArguments(
  args: Readonly<Partial<Record<ProjectOption, string | undefined>>>,
): string[] {
  return (Object.keys(projectOptions) as ProjectOption[]).flatMap((name) => {
    const value = args[name];
    return value === undefined ? [] : [`--${name}`, value];
  });
}
