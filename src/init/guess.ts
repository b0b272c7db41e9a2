import { defaultSettings } from '../config/defaults.ts';
import type { Settings } from '../config/schema.ts';
import type { Entry } from './document.ts';
import { guessSlurm } from './guess-slurm.ts';
import type { HostFacts } from './detect-host.ts';

export interface Site {
  /** Name of the site; undefined when none was given. */
  readonly name: string | undefined;
  readonly profile: Settings;
  /** Names of the bundled profiles. */
  readonly known: readonly string[];
}

/** Guesses every entry of a new hpc-gat.yaml; values of the site's profile are left out. */
export function guessEntries(host: HostFacts, site: Site): Entry[] {
  const entries = [
    guessSite(site),
    ...guessImage(host),
    ...guessModel(host),
    ...guessSlurm(host, site.profile.slurm),
    guessSetup(host),
  ];
  return entries.filter(({ path }) => !isSet(site.profile, path));
}

function guessSite({ name, known }: Site): Entry {
  return {
    path: ['site'],
    value: name ?? 'generic',
    why:
      name === undefined
        ? [
            "No profile was named: the values below and sbatch's defaults apply. Known profiles:",
            ...wrapWords(known),
          ]
        : [
            'Values of this profile are left out below: `hpc-gat config show` lists every value with its origin.',
          ],
  };
}

/** Joins words with commas into lines of at most 100 characters. */
function wrapWords(words: readonly string[]): string[] {
  const lines: string[] = [];
  for (const word of words) {
    const last = lines.at(-1);
    if (last !== undefined && `${last}, ${word}`.length < 100) {
      lines[lines.length - 1] = `${last}, ${word}`;
    } else {
      lines.push(word);
    }
  }
  return lines.map((line, at) => `  ${line}${at === lines.length - 1 ? '' : ','}`);
}

function guessImage({ sifFiles }: HostFacts): Entry[] {
  const [newest, ...older] = sifFiles;
  return [
    {
      path: ['image', 'source'],
      value: 'docker-archive:NAME.tar',
      why: ['Source that `hpc-gat make-sif` converts to the file below.'],
      example: true,
    },
    {
      path: ['image', 'file'],
      value: newest ?? defaultSettings.image.file,
      why:
        newest === undefined
          ? ['Does not exist yet: no *.sif in this directory.']
          : [
              `${older.length === 0 ? 'The' : 'The newest'} *.sif of this directory.${formatNames(' Others:', older)}`,
            ],
    },
  ];
}

function guessModel({ models }: HostFacts): Entry[] {
  const usual = defaultSettings.model.name;
  const chosen = models?.includes(usual) ? usual : models?.[0];
  const others = (models ?? []).filter((name) => name !== chosen);
  return [
    {
      path: ['model', 'repository'],
      value: 'models',
      why: [
        models === undefined
          ? "Does not exist yet: Triton's model repository, with NAME/config.pbtxt and NAME/1/."
          : "Found in this directory: Triton's model repository.",
      ],
    },
    {
      path: ['model', 'name'],
      value: chosen ?? usual,
      why: [`The model that the client waits for and tests.${formatNames(' Others there:', others)}`],
      example: chosen === undefined,
    },
  ];
}

function guessSetup({ program, module, host }: HostFacts): Entry {
  const path = ['setup'];
  if (module !== undefined) {
    return {
      path,
      value: [`module load ${module}`],
      why: [
        `Lines of bash that run first on the node. Apptainer is not on the PATH of ${host}, but a module provides it.`,
      ],
    };
  }
  return {
    path,
    value: ['module load apptainer'],
    why: [
      'Lines of bash that run first on the node.',
      program === undefined
        ? `Neither Apptainer nor Singularity is on ${host}, and no module: compute nodes may differ.`
        : `Not needed on ${host}, where ${program} is on the PATH; compute nodes may differ.`,
    ],
    example: true,
  };
}

function formatNames(before: string, names: readonly string[]): string {
  return names.length === 0 ? '' : `${before} ${names.join(', ')}.`;
}

function isSet(profile: Settings, path: readonly string[]): boolean {
  const value = path.reduce<unknown>(
    (inner, key) =>
      typeof inner === 'object' ? (inner as Record<string, unknown> | null)?.[key] : undefined,
    profile,
  );
  return value !== undefined;
}
