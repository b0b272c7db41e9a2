import type { ImageDescription } from '../../source/image-config.ts';
import {
  formatEndOfOptions,
  formatEnvironment,
  quoteForShell,
  formatShellWords,
} from './environment-lines.ts';

/** File that Apptainer expects in an image. */
export interface ContainerFile {
  /** Path below the root, without a leading slash. */
  readonly path: string;
  readonly mode: number;
  readonly text: string;
}

/** Descriptions of the SIF: for `apptainer inspect` as separate objects, and as files inside the image. */
export interface ContainerFiles {
  readonly files: readonly ContainerFile[];
  readonly definition: string;
  /** JSON for `apptainer inspect`. */
  readonly inspectMetadata: string;
}

const directory = '.singularity.d';

/** Directories that must exist: mount points, and the parents of the files. */
export const containerDirectories = [
  ...['actions', 'env', 'libs'].map((name) => `${directory}/${name}`),
  ...['dev', 'etc', 'home', 'proc', 'root', 'sys', 'tmp', 'var/tmp'],
];

/** Symbolic links that older runtimes use. */
export const containerLinks: Readonly<Record<string, string>> = {
  singularity: `${directory}/runscript`,
  '.run': `${directory}/actions/run`,
  '.exec': `${directory}/actions/exec`,
  '.test': `${directory}/actions/test`,
  '.shell': `${directory}/actions/shell`,
  environment: `${directory}/env/90-environment.sh`,
};

/** Files over which Apptainer mounts the host's. */
export const bindTargets = ['etc/hosts', 'etc/resolv.conf'];

export interface Origin {
  /** Apptainer's name for the kind of source, and the rest: `docker-archive`, `image.tar`. */
  readonly bootstrap: string;
  readonly from: string;
  readonly builtAt: Date;
}

export async function createContainerFiles(image: ImageDescription, origin: Origin): Promise<ContainerFiles> {
  const { loadTemplate, renderTemplate } = await import('../../../render/template.ts');
  const render = (name: string, values: object = {}) => renderTemplate(`image/${name}.sh.hbs`, values);
  const environment = await render('environment', { variables: formatEnvironment(image.env) });
  const custom = '#!/bin/sh\n';
  const runscript = await render('runscript', {
    entrypoint: quoteForShell(formatEndOfOptions(image.entrypoint) + formatShellWords(image.entrypoint)),
    cmd: quoteForShell(
      (image.entrypoint.length === 0 ? formatEndOfOptions(image.cmd) : '') + formatShellWords(image.cmd),
    ),
    entrypointWords: image.entrypoint.map(quoteForShell).join(' '),
    cmdWords: image.cmd.map(quoteForShell).join(' '),
  });
  const startscript = '#!/bin/sh\n';
  const labels = labelsOf(image, origin);
  const definition = `bootstrap: ${origin.bootstrap}\nfrom: ${origin.from}\n\n`;
  const env = (name: string, text: string) => ({ path: `${directory}/env/${name}`, mode: 0o755, text });
  const actionText = await loadTemplate('image/action.sh.hbs');
  const action = (name: string, values: object) => ({
    path: `${directory}/actions/${name}`,
    mode: 0o755,
    text: actionText({ notify: false, script: '', ...values }),
  });
  const files: ContainerFile[] = [
    { path: `${directory}/Singularity`, mode: 0o644, text: definition },
    { path: `${directory}/labels.json`, mode: 0o644, text: JSON.stringify(labels, null, '\t') },
    { path: `${directory}/runscript`, mode: 0o755, text: runscript },
    { path: `${directory}/startscript`, mode: 0o755, text: startscript },
    env('01-base.sh', '#!/bin/sh\n'),
    env('10-docker2singularity.sh', environment),
    env('90-environment.sh', custom),
    env('94-appsbase.sh', ''),
    env('95-apps.sh', '#!/bin/sh\n'),
    env('99-base.sh', await render('base')),
    env('99-runtimevars.sh', await render('path')),
    action('exec', { last: 'exec "$@"' }),
    action('run', { script: `/${directory}/runscript`, last: 'exec /bin/sh "$@"' }),
    action('shell', { script: '/bin/bash', last: 'exec /bin/sh "$@"' }),
    action('start', { notify: true, script: `/${directory}/startscript`, last: '' }),
    action('test', {
      script: `/${directory}/test`,
      last: "echo 'This image has no test of its own.'\nexec /bin/sh -c true",
    }),
  ];
  const inspectMetadata = JSON.stringify({
    data: {
      attributes: {
        environment: {
          [`/${directory}/env/10-docker2singularity.sh`]: environment.trimEnd(),
          [`/${directory}/env/90-environment.sh`]: custom.trimEnd(),
        },
        labels,
        runscript: runscript.trimEnd(),
        deffile: definition.trimEnd(),
        startscript: startscript.trimEnd(),
      },
    },
    type: 'container',
  });
  return { files, definition, inspectMetadata };
}

/** Merges the image's labels with those that `apptainer build` adds. */
function labelsOf({ labels, architecture }: ImageDescription, origin: Origin): Record<string, string> {
  const all = {
    ...labels,
    'org.label-schema.schema-version': '1.0',
    'org.label-schema.build-date': buildDate(origin.builtAt),
    'org.label-schema.build-arch': architecture,
    'org.label-schema.usage.singularity.deffile.bootstrap': origin.bootstrap,
    'org.label-schema.usage.singularity.deffile.from': origin.from,
  };
  return Object.fromEntries(Object.entries(all).sort(([one], [other]) => (one < other ? -1 : 1)));
}

const weekdays = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'] as const;
const months = [
  ...(['January', 'February', 'March', 'April', 'May', 'June'] as const),
  ...(['July', 'August', 'September', 'October', 'November', 'December'] as const),
];

/**
 * Formats a date like `Monday_23_November_2026_21:22:48_UTC`. The names are defined here because loading Intl's takes
 * 20 ms.
 */
function buildDate(date: Date): string {
  return [
    weekdays[date.getUTCDay()],
    String(date.getUTCDate()),
    months[date.getUTCMonth()],
    String(date.getUTCFullYear()),
    date.toISOString().slice(11, 19),
    'UTC',
  ].join('_');
}
