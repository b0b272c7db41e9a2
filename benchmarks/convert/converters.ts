import { changedName } from './images.ts';

/** Paths of the image and the result for the command, inside the lab. */
export interface Paths {
  readonly archive: string;
  readonly layout: string;
  readonly flat: string;
  readonly result: string;
  /** A directory for temporary files, on the result's file system. */
  readonly scratch: string;
  /** Archive and layout of the same image with its previous top layer. */
  readonly earlier: { readonly archive: string; readonly layout: string };
}

export interface Converter {
  readonly name: string;
  /** State of the layers in the source. */
  readonly layers: 'plain' | 'gzip' | 'flat';
  readonly codec: 'zstd-3' | 'gzip-6' | 'gzip-9';
  /** Names of the images that it converts. */
  readonly images: readonly string[];
  /** Returns a command that runs before the measurement. */
  readonly prepare?: (paths: Paths) => string;
  readonly command: (paths: Paths) => string;
  /** True if a conversion takes minutes; it is then measured once. */
  readonly slow?: boolean;
}

const ordinary = ['triton', 'small-files'];

type Layers = 'plain' | 'gzip';

const mksquashfsArgs = {
  'zstd-3': '-comp zstd -Xcompression-level 3',
  'gzip-6': '-comp gzip -Xcompression-level 6',
} as const;

/**
 * hpc-gat with phase-clock.mjs, which measures the processors in use while contents are read, compressed and written.
 */
const contentsAlone: Converter = {
  name: 'hpc-gat, watched',
  layers: 'plain',
  codec: 'zstd-3',
  images: ['triton'],
  command: (paths) =>
    `NODE_OPTIONS='--import /home/alice/installed/phase-clock.mjs' ` +
    `${makeSif('zstd-3', paths)} --json --no-cache --force ${source('plain', paths)}`,
};

export const converters: readonly Converter[] = [
  cold('plain', 'zstd-3', [...ordinary, changedName, 'large']),
  cold('plain', 'gzip-6', ordinary),
  cold('gzip', 'zstd-3', [...ordinary, changedName]),
  cold('gzip', 'gzip-6', ordinary),
  contentsAlone,
  ...(['plain', 'gzip'] as const).flatMap((layers) => [afterChange(layers), unchanged(layers)]),
  ...(['plain', 'gzip'] as const).flatMap((layers) => [
    apptainer(layers, 'gzip-9'),
    apptainer(layers, 'gzip-6'),
    apptainer(layers, 'zstd-3'),
  ]),
  {
    name: 'umoci + mksquashfs',
    layers: 'gzip',
    codec: 'zstd-3',
    images: ordinary,
    command: ({ layout, result, scratch }) =>
      `umoci unpack --rootless --image ${layout}:bench ${scratch}/bundle && ` +
      `mksquashfs ${scratch}/bundle/rootfs ${result} ${mksquashfsArgs['zstd-3']} -noappend -quiet -no-progress`,
  },
  mksquashfsOfTar('zstd-3'),
  mksquashfsOfTar('gzip-6'),
];

function cold(layers: Layers, codec: 'zstd-3' | 'gzip-6', images: readonly string[]): Converter {
  return {
    name: 'hpc-gat',
    layers,
    codec,
    images,
    command: (paths) => `${makeSif(codec, paths)} --no-cache --force ${source(layers, paths)}`,
  };
}

/** Converts again after a change, with the SIF and the cached layers of the previous image. */
function afterChange(layers: Layers): Converter {
  return {
    name: 'hpc-gat, top layer changed',
    layers,
    codec: 'zstd-3',
    images: [changedName],
    prepare: (paths) => `${makeSif('zstd-3', paths)} ${source(layers, paths.earlier)}`,
    command: (paths) => `${makeSif('zstd-3', paths)} --force ${source(layers, paths)}`,
  };
}

function unchanged(layers: Layers): Converter {
  const command = (paths: Paths) => `${makeSif('zstd-3', paths)} ${source(layers, paths)}`;
  return {
    name: 'hpc-gat, unchanged',
    layers,
    codec: 'zstd-3',
    images: ['triton'],
    prepare: command,
    command,
  };
}

/**
 * Returns the command of the program as npm installs it. Its cache is beside the result, where nothing remains between
 * rounds.
 */
function makeSif(codec: 'zstd-3' | 'gzip-6', { result, scratch }: Paths): string {
  const program = '~/installed/bin/hpc-gat';
  return `${program} make-sif --config ${scratch}/../hpc-gat.yaml --compression ${codec.replace('-', ':')} -o ${result}`;
}

function apptainer(layers: Layers, codec: Converter['codec']): Converter {
  const args = codec === 'gzip-9' ? '' : `--mksquashfs-args '${mksquashfsArgs[codec]}' `;
  return {
    name: codec === 'gzip-9' ? 'apptainer build, its defaults' : 'apptainer build',
    layers,
    codec,
    images: ordinary,
    slow: true,
    command: (paths) =>
      `export APPTAINER_TMPDIR=${paths.scratch} APPTAINER_CACHEDIR=${paths.scratch}/cache; ` +
      `apptainer --quiet build ${args}${paths.result} ${source(layers, paths)}`,
  };
}

function mksquashfsOfTar(codec: 'zstd-3' | 'gzip-6'): Converter {
  return {
    name: 'mksquashfs -tar',
    layers: 'flat',
    codec,
    images: ordinary,
    command: ({ flat, result }) =>
      `mksquashfs - ${result} -tar ${mksquashfsArgs[codec]} -noappend -quiet -no-progress < ${flat}`,
  };
}

/** Reads the input of a converter, so that the state of the page cache does not affect the measurement. */
export function readBefore({ layers }: Converter, { archive, layout, flat }: Paths): string {
  const files = { plain: archive, gzip: `${layout}/blobs/sha256/*`, flat }[layers];
  return `cat ${files} >/dev/null`;
}

function source(layers: Layers, { archive, layout }: Pick<Paths, 'archive' | 'layout'>): string {
  return layers === 'plain' ? `docker-archive:${archive}` : `oci:${layout}`;
}
