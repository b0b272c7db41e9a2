import * as z from 'zod';
import { type JobOptionIn, type JobOptionType, type JobSection, jobOptionsIn } from './job-options.ts';

const word = z.string().min(1, 'must not be empty');
const count = z.number().int('expected a whole number').positive('expected a number above 0');

/** With what sbatch is asked for GPUs: `--gres=gpu[:type]:n`, `--gpus=[type:]n` or `--gpus-per-node=[type:]n`. */
export const gpuOptions = ['gres', 'gpus', 'gpus-per-node'] as const;

/** Who may talk to the server: the run's own certificates alone, or everybody who reaches the port. */
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
  /** Where the image comes from: `docker-daemon:NAME`, `docker-archive:FILE`, `docker://NAME`. */
  source: word.optional(),
  /** The SIF file, relative to the project. */
  file: word.optional(),
  compression: word.optional(),
  /** Of the file system's blocks: `128K`, or a number of bytes. */
  blockSize: z.union([word, z.number().int().positive()]).transform(String).optional(),
  /** What the image has to be for, where that is not the host that converts it: `linux/arm64`. */
  platform: word.regex(/^linux\/[\w-]+(\/\w+)?$/i, 'linux/ARCHITECTURE[/VARIANT]').optional(),
});

/** Where the client of a run is taken from: who submitted it, an image of its own, one self-contained file. */
export const clientPlaces = ['host', 'image', 'binary'] as const;

/** What the server's container is made with; `apptainer` takes Singularity where there is no Apptainer. */
export const runtimes = ['apptainer', 'singularity', 'docker'] as const;

/** Everything a person or a site can set. Every part is optional: the layers fill each other up. */
export const settingsSchema = z.strictObject({
  /** The server's. */
  image: imageSettings.optional(),
  /** What waits for the model and tests it, on the node of the run. */
  client: z
    .strictObject({
      where: z.enum(clientPlaces).optional(),
      /** For `image`: an image with `hpc-gat` on its PATH. */
      image: imageSettings.optional(),
      /** For `binary`: an hpc-gat that needs nothing else on the node; relative to the project. */
      binary: word.optional(),
    })
    .optional(),
  /** What `hpc-gat build` builds, and how. */
  build: z
    .strictObject({
      /** Without it Docker where a daemon answers, else Apptainer. */
      with: z.enum(['docker', 'apptainer']).optional(),
      /** Of NVIDIA's Triton image, on which the server is built unless a base is named: `24.05`. */
      release: word.optional(),
      /** Where pip finds packages. */
      packageIndex: z.url('expected a URL').optional(),
      /** Further arguments of `docker build`. */
      dockerArguments: z.array(z.string()).optional(),
      server: z
        .strictObject({
          base: word.optional(),
          /** What pip installs on top, in its own form; relative to the project. */
          requirements: word.optional(),
        })
        .optional(),
      client: z.strictObject({ base: word.optional() }).optional(),
    })
    .optional(),
  /** Where `make-sif` keeps the layers that it has converted. */
  cache: z
    .strictObject({
      /** A path, or a variable as `$SCRATCH/hpc-gat`; without it a directory below the home's cache. */
      folder: word.regex(/^(\/|\$\w+)/, 'an absolute path or $VARIABLE').optional(),
      /** What all of them may take, in powers of 1024: `500M`, `4G`. */
      limit: word.optional(),
    })
    .optional(),
  registry: z
    .strictObject({
      /** Registries, as `HOST` or `HOST:PORT`, that are asked without encryption. */
      plainHttp: z.array(registryHost).optional(),
      /** For a registry, `[http[s]://]HOST[:PORT][/PREFIX]` of what has its images too; tried in this order before it. */
      mirrors: z.record(registryHost, z.array(word.regex(/^\S+$/)).nonempty()).optional(),
    })
    .optional(),
  model: z
    .strictObject({
      /** The model repository, relative to the project. */
      repository: word.optional(),
      /** The model that is waited for and tested, or several. */
      name: z
        .union([modelName, z.array(modelName).nonempty()], {
          error: 'expected the name of a model, or a list',
        })
        .optional(),
      /** The models that the server loads; all of the repository without it. */
      serve: z.array(modelName).nonempty().optional(),
      /** The workload file; without it `workload.yaml` in the model's directory. */
      workload: word.optional(),
    })
    .optional(),
  slurm: z
    .strictObject({
      ...jobShape('job'),
      mail: z.strictObject(jobShape('mail')).optional(),
      /** What `--gpu` adds, and what it sets otherwise. */
      gpu: z
        .strictObject({
          ...jobShape('job'),
          ...jobShape('gpu'),
          /** `none` where the nodes of a partition come with all their GPUs, and sbatch takes no word about them. */
          request: z.enum([...gpuOptions, 'none']).optional(),
        })
        .optional(),
      /** Further options of sbatch by their long names: `{ exclusive: true, nice: 100 }`. */
      sbatch: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
    })
    .optional(),
  /** Lines of bash before anything else on the node: `module load apptainer`. */
  setup: z.array(z.string()).optional(),
  runtime: z.enum(runtimes).optional(),
  /** Directories or files of the host that the server's container sees too, read-only: `/data`, `/data:/inside`. */
  binds: z
    .array(
      z.union([
        word.regex(/^[^:]+(:\/[^:]+)?$/, 'SOURCE or SOURCE:/TARGET'),
        z.strictObject({ source: word, target: absolutePath }),
      ]),
    )
    .optional(),
  /** Variables of the server's container: `NAME`, as it is where the run is submitted, or `NAME=value`. */
  environment: z
    .array(word.regex(new RegExp(`^${variable}(=.*)?$`), 'NAME or NAME=value, on one line'))
    .optional(),
  apptainer: z
    .strictObject({
      /** Further arguments of `apptainer instance start`. */
      arguments: z.array(z.string()).optional(),
    })
    .optional(),
  /** For `runtime: docker`. */
  docker: z
    .strictObject({
      /** The image's name in the daemon; without it that of `image.source`. */
      image: word.optional(),
      /** Further arguments of `docker run`. */
      arguments: z.array(z.string()).optional(),
      /** Size of the container's /dev/shm, in Docker's form: `1g`. */
      shmSize: word.regex(/^\d+[bkmg]?$/i, 'a size in the form of Docker: 512m, 1g').optional(),
    })
    .optional(),
  triton: z
    .strictObject({
      /** Further arguments of tritonserver. */
      arguments: z.array(z.string()).optional(),
      security: z.enum(securityForms).optional(),
      /** Variables for tritonserver alone. */
      env: z
        .record(z.string().regex(new RegExp(`^${variable}$`), 'a name of a variable'), z.coerce.string())
        .optional(),
      /** Libraries, as paths in the container, that are loaded into tritonserver alone (LD_PRELOAD). */
      preload: z.array(word.regex(/^\/[^:\s]+$/, 'an absolute path without colons and spaces')).optional(),
      http: z.boolean().optional(),
      metrics: z.boolean().optional(),
      readySeconds: count.optional(),
      /** How long a run may last where Slurm does not say when it ends: on this node, and under Slurm before 23.02. */
      serveHours: z.number().positive('expected a number above 0').optional(),
      stopSeconds: count.optional(),
    })
    .optional(),
  node: z
    .strictObject({
      /** Node-local directories for temporary files, the first that can be used: a path, or a variable as `$NAME`. */
      temp: z
        .array(word.regex(/^(\/|\$\w+$)/, 'an absolute path or $VARIABLE'))
        .nonempty()
        .optional(),
      /** Free space that the directory must have, in MiB. */
      tempFreeMiB: z.number().int().nonnegative().optional(),
      /** The name under which others find a node that serves: `%h` is its short name, `%H` the whole one. */
      host: word.regex(/^[\w.%-]+$/, 'a host name, with %h and %H').optional(),
      /** The network interface whose address a server listens on, where the name does not resolve to the right one. */
      interface: word.regex(/^[\w.:@-]+$/, 'the name of a network interface').optional(),
    })
    .optional(),
});

/** `hpc-gat.yaml`: the settings of a project, and the site they are for. */
export const projectSchema = z.strictObject({ site: word.optional(), ...settingsSchema.shape });

/** What a site wants from everybody who submits there, and no profile can know. */
const siteNeeds = ['account'] as const;

export type SiteNeed = (typeof siteNeeds)[number];

/** `slurm/sites/NAME.yaml`: the settings of a cluster, a line that says which, and where each value was read. */
export const siteSchema = z.strictObject({
  description: word,
  needs: z.array(z.enum(siteNeeds)).optional(),
  sources: z
    .array(
      z.strictObject({
        page: z.url(),
        /** The day on which it was read. */
        read: z.iso.date(),
        /** What stands there: keys of settings with dots between them, or `needs`. */
        tells: z.array(word).nonempty(),
      }),
    )
    .optional(),
  ...settingsSchema.shape,
});

export type Settings = z.infer<typeof settingsSchema>;
