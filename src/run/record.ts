import { mkdir, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { securityForms } from '../config/schema.ts';
import { codeOf, UsageError } from '../support/errors.ts';
import { isMissing, readTextIfPresent, writeFileAtomically } from '../support/files.ts';
import { parseWith } from '../support/parse.ts';
import type { ProcessIdentity } from '../support/process-identity.ts';
import { type RunPlan, planSchema, runsFolder } from './plan.ts';

const schemaVersion = z.literal(1);

/** Written by `submit` once Slurm has taken the job. */
const jobSchema = z.object({ schemaVersion, jobId: z.string().regex(/^\d+$/) });

/** Written by the script when the model is ready, and removed when the run ends. */
const endpointSchema = z.object({
  schemaVersion,
  host: z.string(),
  address: z.string(),
  grpcPort: z.number(),
  httpPort: z.number().nullable(),
  metricsPort: z.number().nullable(),
  model: z.string(),
  /** Slurm's number, empty for a run without one. */
  job: z.string(),
  /** When the run will be over at the latest. */
  until: z.iso.datetime(),
  security: z.enum(securityForms),
  /** Folder of the client's credentials, relative to the run's. */
  credentials: z.string().nullable(),
});

/** Written by the script as its last act. */
const endedSchema = z.object({
  schemaVersion,
  exitCode: z.number(),
  reason: z.string(),
  host: z.string(),
  time: z.string(),
});

export type Endpoint = z.infer<typeof endpointSchema>;
export type Ended = z.infer<typeof endedSchema>;

/** What one start of a run's script recorded as its own, a file a thing; removed when all of it is ended. */
export interface Holding {
  readonly folder: string;
  readonly host: string;
  /** The job or allocation that it was started in, empty without one. */
  readonly job: string;
  readonly script: ProcessIdentity;
}

/** The folder of one run: everything that is known about it beside what Slurm and Apptainer say. */
export class RunRecord {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  get id(): string {
    return path.basename(this.folder);
  }

  file(name: 'batch.sh' | 'batch.log' | 'server.log' | 'client.log'): string {
    return path.join(this.folder, name);
  }

  plan(): Promise<RunPlan | undefined> {
    return this.#read('plan.json', planSchema);
  }

  endpoint(): Promise<Endpoint | undefined> {
    return this.#read('endpoint.json', endpointSchema);
  }

  ended(): Promise<Ended | undefined> {
    return this.#read('ended.json', endedSchema);
  }

  async jobId(): Promise<string | undefined> {
    return (await this.#read('job.json', jobSchema))?.jobId;
  }

  writeJobId(jobId: string): Promise<void> {
    return this.#write('job.json', { schemaVersion: 1, jobId });
  }

  /** What starts of the script have made and not yet ended: one in the usual case, none once the run is over. */
  async holdings(): Promise<Holding[]> {
    const parent = path.join(this.folder, 'owned');
    const holdings: Holding[] = [];
    for (const name of await namesIn(parent)) {
      const folder = path.join(parent, name);
      const read = async (file: string) => (await readTextIfPresent(path.join(folder, file)))?.trim();
      const [host, job = '', script = ''] = await Promise.all(['host', 'job', 'script'].map(read));
      const [pid = 0, startTicks = 0] = script.split(' ').map(Number);
      if (host !== undefined) {
        holdings.push({ folder, host, job, script: { host, pid, startTicks } });
      }
    }
    return holdings;
  }

  remove(): Promise<void> {
    return rm(this.folder, { recursive: true, force: true });
  }

  #write(name: string, value: object): Promise<void> {
    return writeFileAtomically(path.join(this.folder, name), `${JSON.stringify(value, null, 2)}\n`);
  }

  async #read<Schema extends z.ZodType>(name: string, schema: Schema): Promise<z.output<Schema> | undefined> {
    const file = path.join(this.folder, name);
    const text = await readTextIfPresent(file);
    return text === undefined ? undefined : parseWith(schema, JSON.parse(text), { what: 'run record', file });
  }

  /**
   * Makes the folder of a new run, with its plan and script.
   *
   * @throws {UsageError} when there is a run of this id already.
   */
  static async create(plan: RunPlan, script: string): Promise<RunRecord> {
    await mkdir(path.dirname(plan.runFolder), { recursive: true });
    try {
      await mkdir(plan.runFolder, { mode: 0o700 });
    } catch (error) {
      if (codeOf(error) === 'EEXIST') {
        throw new UsageError(`there is a run ${plan.id} already`, {
          fix: 'leave out --id, or choose another',
          cause: error,
        });
      }
      throw error;
    }
    const record = new RunRecord(plan.runFolder);
    await record.#write('plan.json', plan);
    await writeFileAtomically(record.file('batch.sh'), script, 0o700);
    return record;
  }
}

/** The runs of a project, the newest first. */
export async function listRuns(root: string): Promise<RunRecord[]> {
  const folder = runsFolder(root);
  const names = await namesIn(folder);
  return names
    .sort()
    .reverse()
    .map((name) => new RunRecord(path.join(folder, name)));
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (isMissing(error)) {
      return [];
    }
    throw error;
  }
}

/**
 * The run of that id, or of that job; without either the newest.
 *
 * @throws {UsageError} when there is none.
 */
export async function findRun(root: string, idOrJob: string | undefined): Promise<RunRecord> {
  const runs = await listRuns(root);
  for (const run of runs) {
    if (idOrJob === undefined || run.id === idOrJob || (await run.jobId()) === idOrJob) {
      return run;
    }
  }
  throw new UsageError(idOrJob === undefined ? `no run yet in ${root}` : `no run ${idOrJob} in ${root}`, {
    fix: 'hpc-gat status lists the runs of this project',
  });
}
