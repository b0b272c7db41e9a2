import path from 'node:path';
import { jobOptions } from '../config/job-options.ts';
import { loadProject, type Project } from '../config/load.ts';
import type { Settings } from '../config/schema.ts';
import type { Context } from '../support/context.ts';
import type { JobArguments, RunArguments } from './run-options.ts';
import { settingsFromFlags } from './settings-from-flags.ts';

type Arguments = RunArguments & Partial<JobArguments>;

/** Loads the project, with the settings of this command line on top. */
export function loadForRun(args: Arguments, context: Context): Promise<Project> {
  return loadProject(context, { flags: settingsOf(args, context), configFile: args.config, site: args.site });
}

/**
 * Returns the settings of this command line, which replace all others. Relative paths are resolved against the working
 * directory.
 *
 * @throws {UsageError} for a flag whose value cannot be used.
 */
export function settingsOf(args: Arguments, { cwd }: Pick<Context, 'cwd'>): Settings {
  return settingsFromFlags([
    // The runtime, which may come from a file, decides which of the two is used.
    { flag: 'image', value: absolute(cwd, args.image), keys: ['image.file'] },
    { flag: 'image', value: args.image, keys: ['docker.image'] },
    { flag: 'runtime', value: args.runtime, keys: ['runtime'] },
    { flag: 'models', value: absolute(cwd, args.models), keys: ['model.repository'] },
    { flag: 'model', value: args.model, keys: ['model.name'] },
    ...jobOptions.map(({ flag, section, key }) => ({
      flag,
      value: args[flag],
      keys: section === 'job' ? [`slurm.${key}`, `slurm.gpu.${key}`] : [`slurm.${section}.${key}`],
    })),
    { flag: 'sbatch', value: parseSbatchOptions(args.sbatch), keys: ['slurm.sbatch'] },
    { flag: 'security', value: args.security, keys: ['triton.security'] },
    { flag: 'http', value: args.http, keys: ['triton.http'] },
    { flag: 'metrics', value: args.metrics, keys: ['triton.metrics'] },
    { flag: 'ready-timeout', value: args.readyTimeout, keys: ['triton.readySeconds'] },
    { flag: 'hours', value: args.hours, keys: ['triton.serveHours'] },
  ]);
}

/** Returns the absolute path; an empty name stays empty and is rejected later, because it would mean the working directory. */
function absolute(cwd: string, file: string | undefined): string | undefined {
  return file === undefined || file === '' ? file : path.resolve(cwd, file);
}

/** Parses the values of `--sbatch`. */
function parseSbatchOptions(texts: readonly string[] | undefined): Record<string, string | true> | undefined {
  return texts && Object.fromEntries(texts.map(parseSbatchOption));
}

/** `nice=100` is an option with a value, `exclusive` one without. */
function parseSbatchOption(text: string): [string, string | true] {
  const at = text.indexOf('=');
  return at < 0 ? [text, true] : [text.slice(0, at), text.slice(at + 1)];
}
