import { defaultSettings } from '../config/defaults.ts';
import type { Settings } from '../config/schema.ts';
import type { Entry } from './document.ts';
import { guessSlurm } from './guess-slurm.ts';
import type { HostFacts } from './detect-host.ts';

export interface Site {
  /** Undefined when none was named. */
  readonly name: string | undefined;
  readonly profile: Settings;
  /** The names that come along. */
  readonly known: readonly string[];
}

/** Every entry of a fresh hpc-gat.yaml; what the site's profile says itself is left out. */
export function guessEntries(survey: HostFacts, site: Site): Entry[] {
  const entries = [
    guessSite(site),
    ...guessImage(survey),
    ...guessModel(survey),
    ...guessSlurm(survey, site.profile.slurm),
    guessSetup(survey),
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
            `No profile was named: what stands here, and sbatch's own defaults, decide. Known: ${known.join(', ')}.`,
          ]
        : [
            'What this profile says is left out below: `hpc-gat config show` lists every value with its origin.',
          ],
  };
}

function guessImage({ sifFiles }: HostFacts): Entry[] {
  const [newest, ...older] = sifFiles;
  return [
    {
      path: ['image', 'source'],
      value: 'docker-archive:NAME.tar',
      why: ['What `hpc-gat make-sif` turns into the file below.'],
      example: true,
    },
    {
      path: ['image', 'file'],
      value: newest ?? defaultSettings.image.file,
      why:
        newest === undefined
          ? ['Not there yet: no *.sif in this directory.']
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
          ? "Not there yet: Triton's model repository, with NAME/config.pbtxt and NAME/1/."
          : "Found in this directory: Triton's model repository.",
      ],
    },
    {
      path: ['model', 'name'],
      value: chosen ?? usual,
      why: [`The model that is waited for and tested.${formatNames(' Others there:', others)}`],
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
        `Lines of bash before anything else on the node. Not on the PATH of ${host}, but a module there.`,
      ],
    };
  }
  return {
    path,
    value: ['module load apptainer'],
    why: [
      'Lines of bash before anything else on the node.',
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
