import { readFile, realpath, stat } from 'node:fs/promises';
import type { Context } from '../support/context.ts';
import { isMissing } from '../support/files/file-access.ts';
import { type ContainerRuntime, getRuntimeEnvironment } from './container-runtime.ts';

const timeoutMs = 20_000;

/** Settings of the site for the container runtime of a host: apptainer.conf or singularity.conf. */
export interface SiteConfiguration {
  readonly file: string;
  /** True if the runtime is installed with a program that is setuid root. */
  readonly isSetuid: boolean;
  /** Values of each setting, in the order of the file. */
  readonly settings: ReadonlyMap<string, readonly string[]>;
}

/** Setting with which no run can work on this host. */
export interface HarmfulSetting {
  /** Line of the file: "user bind control = no". */
  readonly setting: string;
  readonly why: string;
  readonly fix: string;
}

const askForIt = 'ask the administrators of the host to change it, or use another partition';

/** Settings without which no run can work, with the reason; each was tested with Apptainer 1.4. */
const fatalSettings: readonly (readonly [setting: string, why: string])[] = [
  ['user bind control = no', 'the model repository and the temporary directory of a run cannot be mounted'],
  ['mount dev = no', 'the container has no /dev/shm and no GPU devices'],
  ['mount proc = no', 'tritonserver does not find its own libraries without /proc'],
  ['allow container sif = no', 'no SIF may be started'],
];

/** Setting without which no run can work if the runtime is not installed setuid. */
const namespacesOff = [
  'allow user ns = no',
  'Apptainer is not installed setuid here and needs user namespaces',
] as const;

/** Returns the settings that a script searches for after a failure, each as "NAME: WHY". */
export function listScriptSettings(): string[] {
  return [
    ...[...fatalSettings, namespacesOff].map(([setting, why]) => `${setting.replace(/ = .*/, '')}: ${why}`),
    ...['paths', 'owners', 'groups'].map((kind) => `limit container ${kind}: this image is not among those`),
  ];
}

/** Reads the configuration of this host's runtime; undefined if it names no file or this user cannot read the file. */
export async function readSiteConfiguration(
  { env, run, signal }: Pick<Context, 'env' | 'run' | 'signal'>,
  runtime: ContainerRuntime,
): Promise<SiteConfiguration | undefined> {
  const { stdout } = await run(runtime.path, ['buildcfg'], {
    env: getRuntimeEnvironment(env),
    timeoutMs,
    signal,
  });
  const value = (name: string) =>
    new RegExp(`^(?:APPTAINER|SINGULARITY)_${name}=(.+)$`, 'm').exec(stdout)?.[1];
  const file = value('CONF_FILE');
  if (file === undefined) {
    return undefined;
  }
  try {
    const settings = parseSettings(await readFile(file, 'utf8'));
    return { file, isSetuid: value('SUID_INSTALL') === '1', settings };
  } catch {
    return undefined;
  }
}

/** Parses lines `name = value`; a line that begins with `#` is a comment. */
export function parseSettings(text: string): Map<string, string[]> {
  const settings = new Map<string, string[]>();
  for (const line of text.split('\n')) {
    const [, name, value = ''] = /^\s*([^#=\s][^=]*?)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (name !== undefined) {
      settings.set(name.toLowerCase(), [...(settings.get(name.toLowerCase()) ?? []), value]);
    }
  }
  return settings;
}

/** Finds the settings with which a run of this image cannot work on this host. */
export async function findHarmfulSettings(
  { settings, isSetuid }: SiteConfiguration,
  image: string,
): Promise<HarmfulSetting[]> {
  const last = (name: string): string => settings.get(name)?.at(-1) ?? '';
  const fatal = [...fatalSettings, ...(isSetuid ? [] : [namespacesOff])]
    .filter(([setting]) => {
      const [name = '', value] = setting.split(' = ');
      return last(name).toLowerCase() === value;
    })
    .map(([setting, why]) => ({ setting, why, fix: askForIt }));
  return [
    ...fatal,
    ...(await findMissingBinds(settings)),
    ...(await checkAllowedPaths(last('limit container paths'), image)),
    ...listAllowedOwners(last),
  ];
}

/** Finds site binds whose source is missing: every container gets these mounts, and none starts without the source. */
async function findMissingBinds(settings: SiteConfiguration['settings']): Promise<HarmfulSetting[]> {
  const binds = settings.get('bind path') ?? [];
  const found = await Promise.all(
    binds.map(async (bind) => {
      const source = bind.split(':')[0] ?? '';
      const isThere = await stat(source).then(
        () => true,
        (error: unknown) => !isMissing(error),
      );
      return source === '' || isThere
        ? []
        : [
            {
              setting: `bind path = ${bind}`,
              why: `${source} does not exist on this host, so no container starts`,
              fix: askForIt,
            },
          ];
    }),
  );
  return found.flat();
}

async function checkAllowedPaths(limit: string, image: string): Promise<HarmfulSetting[]> {
  const allowed = parseList(limit);
  const file = await realpath(image).catch(() => image);
  return allowed.length === 0 ||
    allowed.some((directory) => file.startsWith(`${directory.replace(/\/+$/, '')}/`))
    ? []
    : [
        {
          setting: `limit container paths = ${limit}`,
          why: `${file} is in none of these directories`,
          fix: `set image.file to a path in ${allowed.join(' or ')}, then hpc-gat make-sif; or ask the administrators`,
        },
      ];
}

/** Lists the owners and groups to which SIFs are limited; whether the image complies cannot be determined for every group. */
function listAllowedOwners(last: (name: string) => string): HarmfulSetting[] {
  return (['owners', 'groups'] as const).flatMap((kind) => {
    const name = `limit container ${kind}`;
    const allowed = parseList(last(name));
    return allowed.length === 0
      ? []
      : [
          {
            setting: `${name} = ${last(name)}`,
            why: `only SIFs of ${allowed.join(', ')} may be started`,
            fix: 'ask the administrators to install the SIF, and set image.file to it',
          },
        ];
  });
}

function parseList(value: string): string[] {
  return value === '' || value === 'NULL' ? [] : value.split(',').map((item) => item.trim());
}
