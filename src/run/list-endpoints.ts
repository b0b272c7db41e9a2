import path from 'node:path';
import { HpcGatError, UsageError } from '../support/errors.ts';
import type { Context } from '../support/context.ts';
import { isListed } from '../support/files/shared-files.ts';
import { alignColumns } from '../support/text/table.ts';
import { type EndpointFile, getRun, listRuns, type RunDirectory } from './record/run-directory.ts';
import { elsewhere, type RunState, getRunStates } from './record/state.ts';

/** Endpoint of a server that is ready. */
export interface Endpoint {
  readonly run: string;
  readonly endpoint: EndpointFile;
  /** Address of the gRPC interface, HOST:PORT. */
  readonly url: string;
  /** Models that the run waited for; the repository may contain more. */
  readonly models: readonly string[];
  /** Absolute path of the client's credentials; undefined for a server without TLS. */
  readonly credentials: string | undefined;
  /** Absolute paths of the workloads, one for each model. */
  readonly workloads: readonly string[];
  readonly serverLog: string;
  /** Record of the image that the server runs from; undefined for an image without one. */
  readonly imageRecord: string | undefined;
  readonly secondsLeft: number;
}

/**
 * Lists the runs of a project that serve, or will serve when they are ready, newest first.
 *
 * @throws {CommandFailedError} when Slurm has to be queried and does not answer.
 */
export async function listServingRuns(
  context: Context,
  root: string,
  hostname: string,
): Promise<{ record: RunDirectory; state: RunState }[]> {
  const records = await listRuns(root);
  const states = await getRunStates(context, records, hostname);
  return records.flatMap((record, index) => {
    const state = states[index];
    return state?.serves === true && (state.active || state.state === elsewhere) ? [{ record, state }] : [];
  });
}

/** Servers of a project. */
export interface Servers {
  /** Endpoints of servers that are ready, newest first. */
  readonly served: readonly Endpoint[];
  /** Ids of the runs that will serve: they wait in the queue, or their models are loading. */
  readonly awaited: readonly string[];
}

export async function listEndpoints(context: Context, root: string, hostname: string): Promise<Servers> {
  const runs = await listServingRuns(context, root, hostname);
  const found = await Promise.all(
    runs.map(async ({ record }) => ({
      id: record.id,
      served: await readEndpoint(record, context.clock.now()),
    })),
  );
  return {
    served: found.flatMap(({ served }) => (served === undefined ? [] : [served])),
    awaited: found.flatMap(({ id, served }) => (served === undefined ? [id] : [])),
  };
}

/**
 * Returns the endpoint of a run, by default of the newest that serves.
 *
 * @throws {UsageError} when there is no such run, or none that serves.
 * @throws {HpcGatError} when no server of the run is reachable from this host.
 */
export async function getEndpoint(
  context: Context,
  root: string,
  { run, hostname }: { readonly run: string | undefined; readonly hostname: string },
): Promise<Endpoint> {
  if (run === undefined) {
    const { served, awaited } = await listEndpoints(context, root, hostname);
    const [newest] = served;
    if (newest !== undefined) {
      return newest;
    }
    const [next] = awaited;
    throw next === undefined
      ? new UsageError(`no run of ${root} serves a model now`, {
          fix: 'hpc-gat start, or hpc-gat submit --serve',
        })
      : new HpcGatError(`no run of ${root} serves a model yet: the model of ${next} is not ready`, {
          fix: `hpc-gat status ${next} shows its state`,
        });
  }
  const record = await getRun(root, run);
  const [state] = await getRunStates(context, [record], hostname);
  const served = await readEndpoint(record, context.clock.now());
  if (served === undefined || state === undefined || !mayAnswer(state)) {
    const [unreadable] = state?.unreadable ?? [];
    const what =
      unreadable ??
      (state?.active === true ? 'its model is not ready yet' : `it has ended (${state?.state ?? 'unknown'})`);
    throw new HpcGatError(`run ${record.id} serves nothing: ${what}`, {
      fix: `see hpc-gat logs ${record.id}`,
    });
  }
  const { address, host } = served.endpoint;
  if (address.startsWith('127.') && state.host !== hostname && host !== hostname) {
    throw new HpcGatError(`run ${record.id} listens only on the loopback of ${host}`, {
      fix: `connect from ${host}, or serve with hpc-gat submit --serve`,
    });
  }
  return served;
}

/**
 * Returns whether a server may answer. A run on another node that Slurm does not know cannot be seen from
 * here; its endpoint shows that it still runs.
 */
function mayAnswer({ ready, state }: RunState): boolean {
  return ready || state === elsewhere;
}

async function readEndpoint(record: RunDirectory, now: Date): Promise<Endpoint | undefined> {
  const { endpoint, plan } = await record.facts();
  if (endpoint === undefined || plan?.models === undefined) {
    return undefined;
  }
  const { address, grpcPort, credentials, until } = endpoint;
  const imageRecord = record.file('image.json');
  return {
    run: record.id,
    endpoint,
    url: `${address}:${grpcPort}`,
    models: plan.models.map(({ name }) => name),
    credentials: credentials === null ? undefined : path.join(record.directory, credentials),
    workloads: plan.models.map(({ workload }) => workload),
    serverLog: record.file('server.log'),
    imageRecord: (await isListed(imageRecord)) ? imageRecord : undefined,
    secondsLeft: Math.max(0, Math.round((new Date(until).getTime() - now.getTime()) / 1_000)),
  };
}

/** Formats endpoints as a table with headings. */
export function formatEndpoints(served: readonly Endpoint[]): string[] {
  if (served.length === 0) {
    return ['no run serves a model now'];
  }
  const rows = served.map(({ run, url, models, endpoint: { host, job, security }, secondsLeft }) => [
    run,
    url,
    models.join(','),
    host,
    job === '' ? 'local' : job,
    security,
    formatTimeLeft(secondsLeft),
  ]);
  return alignColumns([['RUN', 'ADDRESS', 'MODEL', 'HOST', 'JOB', 'SECURITY', 'LEFT'], ...rows]);
}

/** Formats a duration as Slurm does: `1-02:03:04` is days, hours, minutes and seconds. */
function formatTimeLeft(seconds: number): string {
  const days = Math.floor(seconds / 86_400);
  const clock = new Date(seconds * 1_000).toISOString().slice(11, 19);
  return days === 0 ? clock : `${days}-${clock}`;
}

/** Formats the instructions for using a server. */
export function formatInstructions({ run, url, models, endpoint, credentials }: Endpoint): string[] {
  const { host, until, httpPort, metricsPort } = endpoint;
  const what = models.length === 1 ? `model ${models.join()} is` : `models ${models.join(', ')} are`;
  const plaintext = [
    ...(httpPort === null ? [] : [`HTTP ${httpPort}`]),
    ...(metricsPort === null ? [] : [`metrics ${metricsPort}`]),
  ];
  return [
    `${what} served at ${url} (${host}) until ${until}`,
    `  test it:   hpc-gat test ${run}`,
    `  share it:  hpc-gat endpoints ${run} --export DIRECTORY`,
    ...(plaintext.length === 0 ? [] : [`  its ports without TLS:  ${plaintext.join(', ')}`]),
    ...(credentials === undefined
      ? []
      : [`  its keys:  ${credentials}, for gRPC with TLS; the host name in the certificate is localhost`]),
  ];
}
