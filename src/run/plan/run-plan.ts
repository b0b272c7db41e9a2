import * as z from 'zod';
import { clientPlaces, runtimes, securityForms } from '../../config/schema.ts';

const absolute = z.string().startsWith('/');

/**
 * Every value of a run, resolved: what its script is rendered from and what later verbs know of it.
 * Written to `plan.json` in the run's directory.
 */
const planSchema = z.object({
  schemaVersion: z.literal(1),
  id: z.string(),
  createdAt: z.iso.datetime(),
  /** Of the hpc-gat that made it. */
  version: z.string(),
  /** `job`: a batch job of Slurm. `local`: a process on the node where it was started. */
  kind: z.enum(['job', 'local']),
  /** Whether the server stays until it is stopped or its time is over, instead of being tested. */
  serve: z.boolean(),
  gpu: z.boolean(),
  /** Whether the server may be called ready although its container sees no GPU. */
  allowCpu: z.boolean(),
  runDirectory: absolute,
  /** What the server's container is made with. */
  runtime: z.enum(runtimes),
  /** A SIF file; with Docker the image's name in the daemon. */
  image: z.string(),
  /** Further options of the runtime. */
  containerArguments: z.array(z.string()),
  /** Where the Docker daemon listens, as DOCKER_HOST has it; only with Docker. */
  dockerHost: z.string().optional(),
  repository: absolute,
  /** The models that are waited for and tested. */
  models: z.array(z.object({ name: z.string(), workload: absolute })).min(1),
  /** Host directories and files that the container sees beside the repository, read-only. */
  binds: z.array(absolute),
  /** Mount points of `binds` in the container. */
  bindTargets: z.array(absolute),
  /** `NAME=value`, for everything in the container. */
  environment: z.array(z.string()),
  /** `NAME=value`, for tritonserver alone. */
  serverEnvironment: z.array(z.string()),
  /** Libraries in the container that are loaded into tritonserver alone. */
  preload: z.array(absolute),
  clientWhere: z.enum(clientPlaces),
  /**
   * Program and first arguments that start this package on the node; of an image, without the container runtime and what
   * it is told on the node alone.
   */
  client: z.array(z.string()).min(1),
  /** The file that the client is, or is in, where it is not the one that submitted. */
  clientFile: absolute.nullable(),
  /** The name that the client's image has in the Docker daemon; only with Docker. */
  clientImage: z.string().optional(),
  setup: z.array(z.string()),
  serverArguments: z.array(z.string()),
  security: z.enum(securityForms),
  http: z.boolean(),
  metrics: z.boolean(),
  /** How long the run may last where Slurm does not say when it ends. */
  limitSeconds: z.number(),
  /** The host name of a node that serves, with `%h` and `%H`. */
  servedHost: z.string(),
  /** The interface that a server for others listens on; empty for the one that the name resolves to. */
  servedInterface: z.string(),
  readySeconds: z.number(),
  stopSeconds: z.number(),
  temp: z.array(z.string()),
  tempFreeMiB: z.number(),
  directives: z.array(z.tuple([z.string(), z.union([z.string(), z.literal(true)])])),
});

export type RunPlan = z.infer<typeof planSchema>;

const optionalField = <Schema extends z.ZodType>(schema: Schema) => schema.optional().catch(undefined);
const { kind, serve, models, runtime, dockerHost, setup, stopSeconds, directives } = planSchema.shape;

/** What later verbs need of a plan. Another version of hpc-gat may have written it: what does not fit is undefined. */
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
