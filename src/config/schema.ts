import * as z from 'zod';
import { type JobOptionIn, type JobOptionType, type JobSection, jobOptionsIn } from './job-options.ts';

const word = z.string().min(1, 'must not be empty');
const count = z.number().int('expected a whole number').positive('expected a number above 0');

/**
 * Options of sbatch that request GPUs: `--gres=gpu[:type]:n`, `--gpus=[type:]n` or
 * `--gpus-per-node=[type:]n`.
 */
export const gpuOptions = ['gres', 'gpus', 'gpus-per-node'] as const;

/**
 * Access control of the server: only clients with the run's certificates, or everybody who reaches the port.
 */
export const securityForms = ['mutual-tls', 'none'] as const;

/** sbatch(1), `--time`. */
const slurmTime = /^(?:\d+(?::\d+){0,2}|\d+-\d+(?::\d+){0,2}|unlimited|infinite)$/i;

/** Schemas of the values of job options. */
const jobValues = {
  text: word.optional(),
  count: count.optional(),
  time: z
    .union([word, z.number().int().positive()])
    .transform(String)
    .refine(
      (text) => slurmTime.test(text),
      'write minutes, HOURS:MINUTES:SECONDS or DAYS-HOURS:MINUTES:SECONDS',
    )
    .optional(),
  /** `4G`, `4000M`. */
  size: z.union([word, z.number().int().positive()]).transform(String).optional(),
} satisfies Record<JobOptionType, z.ZodType>;

type JobShape<Section extends JobSection> = {
  [Option in JobOptionIn<Section> as Option['key']]: (typeof jobValues)[Option['type']];
};

/** Returns the schemas of the job options of a section, by their keys. */
function jobShape<Section extends JobSection>(section: Section): JobShape<Section> {
  return Object.fromEntries(
    jobOptionsIn(section).map(({ key, type }) => [key, jobValues[type]]),
  ) as JobShape<Section>;
}

const modelName = word.regex(/^[\w.-]+$/, 'a model name is letters, digits, dot, dash and underscore');
const variable = '[A-Za-z_][A-Za-z0-9_]*';
const registryHost = word.regex(/^[^/\s]+$/, 'a registry is HOST or HOST:PORT');
const absolutePath = word.regex(/^\//, 'an absolute path');

const imageSettings = z.strictObject({
  /** Source of the image: `docker-daemon:NAME`, `docker-archive:FILE`, `docker://NAME`. */
  source: word.optional(),
  /** Path of the SIF file, relative to the project. */
  file: word.optional(),
  compression: word.optional(),
  /** Block size of the file system: `128K`, or a number of bytes. */
  blockSize: z.union([word, z.number().int().positive()]).transform(String).optional(),
  /** Platform of the image, where it is not that of the host that converts it: `linux/arm64`. */
  platform: word.regex(/^linux\/[\w-]+(\/\w+)?$/i, 'linux/ARCHITECTURE[/VARIANT]').optional(),
});

/** Origin of the client of a run: the hpc-gat that submitted it, an image, or one self-contained file. */
export const clientPlaces = ['host', 'image', 'binary'] as const;

/** Container runtimes of the server; `apptainer` uses Singularity where there is no Apptainer. */
export const runtimes = ['apptainer', 'singularity', 'docker'] as const;

/** Settings of a user or a site. Every part is optional; layers complement each other. */
export const settingsSchema = z.strictObject({
  /** Image of the server. */
  image: imageSettings.optional(),
  /** Client that waits for the model and tests it, on the node of the run. */
  client: z
    .strictObject({
      where: z.enum(clientPlaces).optional(),
      /** Image with `hpc-gat` on its PATH, for `where: image`. */
      image: imageSettings.optional(),
      /**
       * Single executable that needs no other file on the node, for `where: binary`; relative to the project.
       */
      binary: word.optional(),
    })
    .optional(),
  /** Images that `hpc-gat build` builds. */
  build: z
    .strictObject({
      /** Builder; by default Docker where a daemon answers, else Apptainer. */
      with: z.enum(['docker', 'apptainer']).optional(),
      /**
       * Release of NVIDIA's Triton image, such as `24.05`: the base of the server unless `base` names another
       * image.
       */
      release: word.optional(),
      /** Package index of pip. */
      packageIndex: z.url('expected a URL').optional(),
      /** Further arguments of `docker build`. */
      dockerArguments: z.array(z.string()).optional(),
      server: z
        .strictObject({
          base: word.optional(),
          /** Requirements file of pip, relative to the project. */
          requirements: word.optional(),
        })
        .optional(),
      client: z.strictObject({ base: word.optional() }).optional(),
    })
    .optional(),
  /** Layer cache of `make-sif`. */
  cache: z
    .strictObject({
      /** Path, or a variable such as `$SCRATCH/hpc-gat`; by default a directory below the home's cache. */
      folder: word.regex(/^(\/|\$\w+)/, 'an absolute path or $VARIABLE').optional(),
      /** Size limit of the cache, in powers of 1024: `500M`, `4G`. */
      limit: word.optional(),
    })
    .optional(),
  registry: z
    .strictObject({
      /** Registries, as `HOST` or `HOST:PORT`, that are accessed without encryption. */
      plainHttp: z.array(registryHost).optional(),
      /**
       * Mirrors of each registry, `[http[s]://]HOST[:PORT][/PREFIX]`, which are tried in this order before
       * it.
       */
      mirrors: z.record(registryHost, z.array(word.regex(/^\S+$/)).nonempty()).optional(),
    })
    .optional(),
  model: z
    .strictObject({
      /** Path of the model repository, relative to the project. */
      repository: word.optional(),
      /** One or more models that the client waits for and tests. */
      name: z
        .union([modelName, z.array(modelName).nonempty()], {
          error: 'expected the name of a model, or a list',
        })
        .optional(),
      /** Models that the server loads; by default all of the repository. */
      serve: z.array(modelName).nonempty().optional(),
      /** Path of the workload file; by default `workload.yaml` in the model's directory. */
      workload: word.optional(),
    })
    .optional(),
  slurm: z
    .strictObject({
      ...jobShape('job'),
      mail: z.strictObject(jobShape('mail')).optional(),
      /** Settings that `--gpu` adds or overrides. */
      gpu: z
        .strictObject({
          ...jobShape('job'),
          ...jobShape('gpu'),
          /** `none` for a partition that allocates nodes with all their GPUs, where sbatch must not request any. */
          request: z.enum([...gpuOptions, 'none']).optional(),
        })
        .optional(),
      /** Further options of sbatch by their long names: `{ exclusive: true, nice: 100 }`. */
      sbatch: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
    })
    .optional(),
  /** Lines of bash that run first on the node: `module load apptainer`. */
  setup: z.array(z.string()).optional(),
  runtime: z.enum(runtimes).optional(),
  /**
   * Directories or files of the host that the server's container sees too, read-only: `/data`,
   * `/data:/inside`.
   */
  binds: z
    .array(
      z.union([
        word.regex(/^[^:]+(:\/[^:]+)?$/, 'SOURCE or SOURCE:/TARGET'),
        z.strictObject({ source: word, target: absolutePath }),
      ]),
    )
    .optional(),
  /**
   * Environment of the server's container: `NAME`, with its value where the run is submitted, or
   * `NAME=value`.
   */
  environment: z
    .array(word.regex(new RegExp(`^${variable}(=.*)?$`), 'NAME or NAME=value, on one line'))
    .optional(),
  apptainer: z
    .strictObject({
      /** Further arguments of `apptainer instance start`. */
      arguments: z.array(z.string()).optional(),
    })
    .optional(),
  /** Settings for `runtime: docker`. */
  docker: z
    .strictObject({
      /** Name of the image in the daemon; by default that of `image.source`. */
      image: word.optional(),
      /** Further arguments of `docker run`. */
      arguments: z.array(z.string()).optional(),
      /** Size of the container's /dev/shm, in Docker's format: `1g`. */
      shmSize: word.regex(/^\d+[bkmg]?$/i, 'a size in the form of Docker: 512m, 1g').optional(),
    })
    .optional(),
  triton: z
    .strictObject({
      /** Further arguments of tritonserver. */
      arguments: z.array(z.string()).optional(),
      security: z.enum(securityForms).optional(),
      /** Environment variables of tritonserver only. */
      env: z
        .record(z.string().regex(new RegExp(`^${variable}$`), 'a name of a variable'), z.coerce.string())
        .optional(),
      /** Libraries, as paths in the container, that are loaded only into tritonserver (LD_PRELOAD). */
      preload: z.array(word.regex(/^\/[^:\s]+$/, 'an absolute path without colons and spaces')).optional(),
      http: z.boolean().optional(),
      metrics: z.boolean().optional(),
      readySeconds: count.optional(),
      /**
       * Longest duration of a run where Slurm does not report the end of the job: without Slurm, and before
       * Slurm 23.02.
       */
      serveHours: z.number().positive('expected a number above 0').optional(),
      stopSeconds: count.optional(),
    })
    .optional(),
  node: z
    .strictObject({
      /**
       * Node-local directories for temporary files, of which the first usable one is taken: a path, or a
       * variable such as `$NAME`.
       */
      temp: z
        .array(word.regex(/^(\/|\$\w+$)/, 'an absolute path or $VARIABLE'))
        .nonempty()
        .optional(),
      /** Free space that the directory must have, in MiB. */
      tempFreeMiB: z.number().int().nonnegative().optional(),
      /** Host name of a node that serves, for clients: `%h` is its short name, `%H` its full name. */
      host: word.regex(/^[\w.%-]+$/, 'a host name, with %h and %H').optional(),
      /**
       * Network interface whose address a server listens on, where the host name does not resolve to the
       * right one.
       */
      interface: word.regex(/^[\w.:@-]+$/, 'the name of a network interface').optional(),
    })
    .optional(),
});

/** Schema of `hpc-gat.yaml`: the settings of a project, and its site. */
export const projectSchema = z.strictObject({ site: word.optional(), ...settingsSchema.shape });

/** Settings that a site requires from every user, and that no profile can contain. */
const siteNeeds = ['account'] as const;

export type SiteNeed = (typeof siteNeeds)[number];

/**
 * Schema of `slurm/sites/NAME.yaml`: the settings of a cluster, its description, and the source of each
 * value.
 */
export const siteSchema = z.strictObject({
  description: word,
  needs: z.array(z.enum(siteNeeds)).optional(),
  sources: z
    .array(
      z.strictObject({
        page: z.url(),
        /** Date on which the page was read. */
        read: z.iso.date(),
        /** Keys of settings that the page documents, with dots between them, or `needs`. */
        tells: z.array(word).nonempty(),
      }),
    )
    .optional(),
  ...settingsSchema.shape,
});

export type Settings = z.infer<typeof settingsSchema>;
