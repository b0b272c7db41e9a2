import path from 'node:path';
import { loadProject, type Project } from '../config/load.ts';
import { flagsAsSettings } from './flags-as-settings.ts';
import { type Settings, settingsSchema } from '../config/schema.ts';
import type { Context } from '../support/context.ts';
import { parseWith } from '../support/text/parse-with-schema.ts';
import type { JobArguments, RunArguments } from './run-options.ts';

type Arguments = RunArguments & Partial<JobArguments>;

/** The project, with this command line on top. */
export function loadForRun(args: Arguments, context: Context): Promise<Project> {
  return loadProject(context, { flags: settingsOf(args, context), configFile: args.config, site: args.site });
}

/**
 * The command line as settings, to lie on top of all others. Paths are meant from the working directory.
 *
 * @throws {UsageError} for a flag that is given twice or whose value cannot be used.
 */
export function settingsOf(
  args: RunArguments & Partial<JobArguments>,
  { cwd }: Pick<Context, 'cwd'>,
): Settings {
  const job = {
    partition: args.partition,
    account: args.account,
    qos: args.qos,
    constraint: args.constraint,
    reservation: args.reservation,
    time: args.time,
    cpus: args.cpus,
    memory: args.memory,
  };
  return parseWith(
    settingsSchema,
    {
      image: { file: absolute(cwd, args.image) },
      runtime: args.runtime,
      // Which of the two is meant is known when the runtime is.
      docker: { image: args.image },
      model: { repository: absolute(cwd, args.models), name: args.model },
      slurm: {
        ...job,
        mail: { user: args.mailUser, type: args.mailType },
        gpu: { ...job, count: args.gpus, type: args.gpuType },
        sbatch: Object.fromEntries((args.sbatch ?? []).map(keyAndValue)),
      },
      triton: {
        security: args.security,
        http: args.http,
        metrics: args.metrics,
        readySeconds: args.readyTimeout,
        serveHours: args.hours,
      },
    },
    flagsAsSettings,
  );
}

/** An empty name stays one, to be refused: it would mean the working directory. */
function absolute(cwd: string, file: string | undefined): string | undefined {
  return file === undefined || file === '' ? file : path.resolve(cwd, file);
}

/** `nice=100` is an option with a value, `exclusive` one without. */
function keyAndValue(text: string): [string, string | true] {
  const at = text.indexOf('=');
  return at < 0 ? [text, true] : [text.slice(0, at), text.slice(at + 1)];
}
