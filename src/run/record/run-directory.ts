import { lstat, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import * as z from 'zod';
import { securityForms } from '../../config/schema.ts';
import { findDirective } from '../../slurm/directives.ts';
import { formatJobId, jobIdPattern, parseJobId } from '../../slurm/job-id.ts';
import { getErrorCode, HpcGatError, getErrorMessage, UsageError } from '../../support/errors.ts';
import { writeFileAtomically } from '../../support/files/file-access.ts';
import { explainConcern } from '../../support/files/ownership.ts';
import { processHost, type ProcessIdentity } from '../../support/processes/process-identity.ts';
import { isListed, listDirectory, readListedText, readText } from '../../support/files/shared-files.ts';
import { type RunPlan, type StoredPlan, storedPlanSchema, toPlanDocument } from '../plan/run-plan.ts';
import { createOwnDirectory, createRunsDirectory, listRunDirectories } from './runs-directory.ts';

const schemaVersion = z.literal(1);

/** Number and interval of repeated reads of a file whose name is visible before all of its bytes. */
const maxRereads = 2;
const rereadIntervalMs = 100;

/** Schema of `job.json`, which `submit` writes once Slurm has accepted the job. */
const jobSchema = z.object({ schemaVersion, jobId: z.string().regex(jobIdPattern) });

/** Schema of `endpoint.json`, which the script writes when the model is ready and removes when the run ends. */
const endpointSchema = z.object({
  schemaVersion,
  host: z.string(),
  address: z.string(),
  grpcPort: z.number(),
  httpPort: z.number().nullable(),
  metricsPort: z.number().nullable(),
  /** First of the models. */
  model: z.string(),
  /** Models that the run waited for; earlier versions of hpc-gat did not write them. */
  models: z.array(z.string()).optional(),
  /** Number of Slurm's job; empty for a run without one. */
  job: z.string(),
  /** Latest end of the run. */
  until: z.iso.datetime(),
  security: z.enum(securityForms),
  /** Directory of the client's credentials, relative to the run's. */
  credentials: z.string().nullable(),
});

/** Schema of `ended.json`, which the script writes last. */
const endedSchema = z.object({
  schemaVersion,
  exitCode: z.number(),
  reason: z.string(),
  host: z.string(),
  time: z.string(),
});

export type EndpointFile = z.infer<typeof endpointSchema>;
export type Ended = z.infer<typeof endedSchema>;

/** Resources that one start of a run's script recorded, one file for each; removed when all have ended. */
export interface ResourceRecord {
  readonly directory: string;
  /** Output of `hostname` on the node. */
  readonly host: string;
  /** Slurm's node name of the host; undefined outside a job, and in records of earlier versions. */
  readonly node?: string | undefined;
  /** Partition of the job; undefined in the same cases as `node`. */
  readonly partition?: string | undefined;
  /** Job or allocation in which the script was started; empty without one. */
  readonly job: string;
  readonly script: ProcessIdentity;
}

/** Content of a run's directory, as far as it can be read. */
export interface Facts {
  readonly plan: StoredPlan | undefined;
  readonly ended: Ended | undefined;
  readonly endpoint: EndpointFile | undefined;
  readonly jobId: string | undefined;
  readonly resourceRecords: readonly ResourceRecord[];
  /** Messages about unreadable files, one for each. */
  readonly unreadable: readonly string[];
}

/**
 * Error for an unreadable file of a run's directory: truncated, written by another version, or by another
 * user.
 */
class UnreadableRecordError extends HpcGatError {}

/** Directory of one run with everything that is recorded about it. */
export class RunDirectory {
  readonly directory: string;

  constructor(directory: string) {
    this.directory = directory;
  }

  get id(): string {
    return path.basename(this.directory);
  }

  file(name: 'batch.sh' | 'batch.log' | 'server.log' | 'client.log' | 'image.json'): string {
    return path.join(this.directory, name);
  }

  plan(): Promise<StoredPlan | undefined> {
    return this.#read('plan.json', storedPlanSchema);
  }

  endpoint(): Promise<EndpointFile | undefined> {
    return this.#read('endpoint.json', endpointSchema);
  }

  ended(): Promise<Ended | undefined> {
    return this.#read('ended.json', endedSchema);
  }

  async jobId(): Promise<string | undefined> {
    return (await this.#read('job.json', jobSchema))?.jobId;
  }

  /** Reads all files of the directory; unreadable ones cause no error. */
  async facts(): Promise<Facts> {
    const unreadable: string[] = [];
    const known = async <T>(reading: Promise<T>): Promise<T | undefined> => {
      try {
        return await reading;
      } catch (error) {
        if (error instanceof UnreadableRecordError) {
          unreadable.push(error.message);
          return undefined;
        }
        throw error;
      }
    };
    const [plan, ended, endpoint, jobId, resourceRecords = []] = await Promise.all([
      known(this.plan()),
      known(this.ended()),
      known(this.endpoint()),
      known(this.jobId()),
      known(this.resourceRecords()),
    ]);
    const job = jobId ?? (unreadable.length === 0 ? getRecordedJob(plan, resourceRecords) : undefined);
    return { plan, ended, endpoint, jobId: job, resourceRecords, unreadable };
  }

  writeJobId(jobId: string): Promise<void> {
    return this.#write('job.json', { schemaVersion: 1, jobId });
  }

  /**
   * Lists the resources that have not ended of each start of the script: usually of one, of none once the run
   * has ended.
   */
  async resourceRecords(): Promise<ResourceRecord[]> {
    const resourceRecords: ResourceRecord[] = [];
    for (const name of await this.#orUnreadable('owned', this.#owned())) {
      const directory = path.join(this.directory, 'owned', name);
      const files = await this.#orUnreadable(`owned/${name}`, listDirectory(directory));
      const read = async (file: string) =>
        files.includes(file)
          ? (await this.#orUnreadable(`owned/${name}`, readText(path.join(directory, file))))?.trim()
          : undefined;
      const [host, job = '', script = '', node = '', partition = '', namespace = ''] = await Promise.all(
        ['host', 'job', 'script', 'node', 'partition', 'pid-namespace'].map(read),
      );
      const [pid = 0, startTicks = 0] = script.split(' ').map(Number);
      if (host !== undefined) {
        resourceRecords.push({
          directory,
          host,
          ...(node !== '' && { node }),
          ...(partition !== '' && { partition }),
          job,
          script: { host: processHost(host, namespace), pid, startTicks },
        });
      }
    }
    return resourceRecords;
  }

  /** Returns whether a resource still exists: its record is removed last. */
  async hasResources({ directory }: ResourceRecord): Promise<boolean> {
    return (await this.#owned()).includes(path.basename(directory));
  }

  async #owned(): Promise<string[]> {
    const directory = path.join(this.directory, 'owned');
    return (await isListed(directory)) ? listDirectory(directory) : [];
  }

  remove(): Promise<void> {
    return rm(this.directory, { recursive: true, force: true });
  }

  #write(name: string, value: object): Promise<void> {
    return writeFileAtomically(path.join(this.directory, name), `${JSON.stringify(value, null, 2)}\n`);
  }

  async #read<Schema extends z.ZodType>(name: string, schema: Schema): Promise<z.output<Schema> | undefined> {
    const text = await this.#readWhole(name);
    if (text === undefined) {
      return undefined;
    }
    const value = parseJson(text);
    const parsed = schema.safeParse(value);
    if (!parsed.success) {
      throw this.#unreadable(
        name,
        value === undefined
          ? 'it is truncated, or not JSON'
          : 'its content is unknown: another version of hpc-gat may have written it',
        parsed.error,
      );
    }
    return parsed.data;
  }

  /** Reads the text of a JSON file, repeatedly while it is truncated. */
  async #readWhole(name: string): Promise<string | undefined> {
    const file = path.join(this.directory, name);
    let text = await this.#orUnreadable(name, readListedText(file));
    for (let left = maxRereads; left > 0 && text !== undefined && parseJson(text) === undefined; left -= 1) {
      await delay(rereadIntervalMs);
      text = await this.#orUnreadable(name, readListedText(file));
    }
    return text;
  }

  async #orUnreadable<T>(name: string, reading: Promise<T>): Promise<T> {
    try {
      return await reading;
    } catch (error) {
      throw this.#unreadable(name, getErrorMessage(error), error);
    }
  }

  #unreadable(name: string, why: string, cause: unknown): UnreadableRecordError {
    return new UnreadableRecordError(`${name} of run ${this.id} cannot be read: ${why}`, {
      fix: `\`hpc-gat cleanup ${this.id}\` ends its known resources; then remove ${this.directory}`,
      cause,
    });
  }

  /**
   * Creates the directory of a new run, with its plan and script.
   *
   * @throws {UsageError} when a run of this id exists, or another user could replace its directory.
   */
  static async create(plan: RunPlan, script: string): Promise<RunDirectory> {
    await createRunsDirectory(path.dirname(plan.runDirectory));
    try {
      await createOwnDirectory(plan.runDirectory, 0o700);
    } catch (error) {
      if (getErrorCode(error) === 'EEXIST') {
        throw new UsageError(`run ${plan.id} exists already`, {
          fix: 'leave out --id, or choose another',
          cause: error,
        });
      }
      throw error;
    }
    const record = new RunDirectory(plan.runDirectory);
    await record.#write('plan.json', toPlanDocument(plan));
    await writeFileAtomically(record.file('batch.sh'), script, 0o700);
    return record;
  }
}

/** Returns the job that the script recorded; undefined before the script starts, and for a local run in an allocation. */
function getRecordedJob(
  plan: StoredPlan | undefined,
  resourceRecords: readonly ResourceRecord[],
): string | undefined {
  const number = resourceRecords.find(({ job }) => job !== '')?.job;
  const cluster = findDirective(plan?.directives ?? [], 'clusters');
  return plan?.kind === 'job' && number !== undefined ? formatJobId({ number, cluster }) : undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Returns the runs of this user in a project, newest first. */
export async function listRuns(root: string): Promise<RunDirectory[]> {
  return toRunDirectories((await listRunDirectories(root)).own);
}

function toRunDirectories(directories: readonly string[]): RunDirectory[] {
  const byId = (one: string, other: string): number => (path.basename(one) < path.basename(other) ? 1 : -1);
  return [...directories].sort(byId).map((directory) => new RunDirectory(directory));
}

/**
 * Returns the run with an id or a job number; by default the newest.
 *
 * @throws {UsageError} when there is none.
 */
export async function getRun(root: string, idOrJob: string | undefined): Promise<RunDirectory> {
  const { own, others } = await listRunDirectories(root);
  for (const run of toRunDirectories(own)) {
    if (idOrJob === undefined || run.id === idOrJob || matchesJobNumber((await run.facts()).jobId, idOrJob)) {
      return run;
    }
  }
  const ofOther = others.find((directory) => path.basename(directory) === idOrJob);
  if (ofOther !== undefined) {
    throw await createOtherUsersRunError(ofOther);
  }
  throw idOrJob === undefined
    ? new UsageError(`no run yet in ${root}`, { fix: 'hpc-gat submit and hpc-gat run create one' })
    : new UsageError(`no run ${idOrJob} in ${root}`, {
        fix: 'hpc-gat status lists the runs of this project',
      });
}

/** Creates the error for a run of another user, whose directory must be neither read nor executed. */
async function createOtherUsersRunError(directory: string): Promise<UsageError> {
  const concern = (await explainConcern(await lstat(directory))) ?? 'others can change it';
  return new UsageError(`run ${path.basename(directory)} does not belong to you: ${concern}`, {
    fix: 'hpc-gat status lists your runs; the owner shares a server with hpc-gat endpoints --export',
  });
}

/** Returns whether a text is the number of a job; its cluster may be omitted. */
function matchesJobNumber(jobId: string | undefined, number: string): boolean {
  return jobId !== undefined && (jobId === number || parseJobId(jobId).number === number);
}
