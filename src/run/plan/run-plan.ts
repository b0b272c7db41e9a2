import * as z from 'zod';
import { clientPlaces, runtimes, securityForms } from '../../config/schema.ts';

const absolute = z.string().startsWith('/');

/**
 * Schema of `plan.json` in the run's directory: every value of a run, resolved. The script is rendered from
 * it, and later verbs read it.
 */
const planSchema = z.object({
  schemaVersion: z.literal(1),
  id: z.string(),
  createdAt: z.iso.datetime(),
  /** Version of the hpc-gat that created the plan. */
  version: z.string(),
  /** Kind of run: `job`, a batch job of Slurm, or `local`, a process on the node where it was started. */
  kind: z.enum(['job', 'local']),
  /** True when the server runs until the run is stopped or its time is over, instead of being tested. */
  serve: z.boolean(),
  gpu: z.boolean(),
  /** True when the server may count as ready although its container sees no GPU. */
  allowCpu: z.boolean(),
  runDirectory: absolute,
  /** Container runtime of the server. */
  runtime: z.enum(runtimes),
  /** Path of a SIF file; with Docker the image's name in the daemon. */
  image: z.string(),
  /** Further options of the runtime. */
  containerArguments: z.array(z.string()),
  /** Address of the Docker daemon in the format of DOCKER_HOST; only with Docker. */
  dockerHost: z.string().optional(),
  repository: absolute,
  /** Models that the client waits for and tests. */
  models: z.array(z.object({ name: z.string(), workload: absolute })).min(1),
  /** Directories and files of the host that the container sees in addition to the repository, read-only. */
  binds: z.array(absolute),
  /** Mount points of `binds` in the container. */
  bindTargets: z.array(absolute),
  /** Environment of all programs in the container, as `NAME=value`. */
  environment: z.array(z.string()),
  /** Environment of tritonserver only, as `NAME=value`. */
  serverEnvironment: z.array(z.string()),
  /** Libraries in the container that are loaded only into tritonserver. */
  preload: z.array(absolute),
  clientWhere: z.enum(clientPlaces),
  /**
   * Program and first arguments that start this package on the node; for an image without the container
   * runtime and the options that are known only on the node.
   */
  client: z.array(z.string()).min(1),
  /** Executable or image of the client; null when it is the hpc-gat that submitted. */
  clientFile: absolute.nullable(),
  /** Name of the client's image in the Docker daemon; only with Docker. */
  clientImage: z.string().optional(),
  setup: z.array(z.string()),
  serverArguments: z.array(z.string()),
  security: z.enum(securityForms),
  http: z.boolean(),
  metrics: z.boolean(),
  /** Longest duration of the run where Slurm does not report the end of the job. */
  limitSeconds: z.number(),
  /** Host name of a node that serves, with `%h` and `%H`. */
  servedHost: z.string(),
  /**
   * Network interface that a server for other hosts listens on; empty for the one that the host name resolves
   * to.
   */
  servedInterface: z.string(),
  readySeconds: z.number(),
  stopSeconds: z.number(),
  temp: z.array(z.string()),
  tempFreeMiB: z.number(),
  directives: z.array(z.tuple([z.string(), z.union([z.string(), z.literal(true)])])),
});

export type RunPlan = z.infer<typeof planSchema>;

/**
 * Returns the JSON document of a plan, for `plan.json` and `render --json`. It contains the run directory under its former key
 * `runFolder` too, for scripts written for earlier versions.
 */
export function toPlanDocument(plan: RunPlan) {
  return { ...plan, runFolder: plan.runDirectory };
}

const optionalField = <Schema extends z.ZodType>(schema: Schema) => schema.optional().catch(undefined);
const { kind, serve, models, runtime, dockerHost, setup, stopSeconds, directives } = planSchema.shape;

/**
 * Schema of the parts of a plan that later verbs need. Another version of hpc-gat may have written it: fields
 * that do not fit are undefined.
 */
export const storedPlanSchema = z.object({
  kind: optionalField(kind),
  serve: optionalField(serve),
  models: optionalField(models),
  runtime: optionalField(runtime),
  dockerHost: optionalField(dockerHost),
  setup: optionalField(setup),
  stopSeconds: optionalField(stopSeconds),
  directives: optionalField(directives),
});

export type StoredPlan = z.infer<typeof storedPlanSchema>;
