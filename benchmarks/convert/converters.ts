/** Where an image and the result lie for the command, inside the lab. */
export interface Paths {
  readonly archive: string;
  readonly layout: string;
  readonly flat: string;
  readonly result: string;
  /** A folder for temporary files, on the result's file system. */
  readonly scratch: string;
}

export interface Converter {
  readonly name: string;
  /** What it reads. */
  readonly layers: 'plain' | 'gzip' | 'flat';
  readonly codec: 'zstd-3' | 'gzip-6' | 'gzip-9';
  readonly command: (paths: Paths) => string;
  /** Takes minutes: run once. */
  readonly slow?: boolean;
}

const mksquashfsArgs = {
  'zstd-3': '-comp zstd -Xcompression-level 3',
  'gzip-6': '-comp gzip -Xcompression-level 6',
} as const;

export const converters: readonly Converter[] = [
  ...(['plain', 'gzip'] as const).flatMap((layers) => [hpcGat(layers, 'zstd-3'), hpcGat(layers, 'gzip-6')]),
  ...(['plain', 'gzip'] as const).flatMap((layers) => [
    apptainer(layers, 'gzip-9'),
    apptainer(layers, 'gzip-6'),
    apptainer(layers, 'zstd-3'),
  ]),
  {
    name: 'umoci + mksquashfs',
    layers: 'gzip',
    codec: 'zstd-3',
    slow: true,
    command: ({ layout, result, scratch }) =>
      `umoci unpack --rootless --image ${layout}:bench ${scratch}/bundle && ` +
      `mksquashfs ${scratch}/bundle/rootfs ${result} ${mksquashfsArgs['zstd-3']} -noappend -quiet -no-progress`,
  },
  mksquashfsOfTar('zstd-3'),
  mksquashfsOfTar('gzip-6'),
];

function hpcGat(layers: 'plain' | 'gzip', codec: 'zstd-3' | 'gzip-6'): Converter {
  return {
    name: 'hpc-gat',
    layers,
    codec,
    command: (paths) =>
      `hpc-gat make-sif --engine native --force --compression ${codec.replace('-', ':')} ` +
      `-o ${paths.result} ${source(layers, paths)}`,
  };
}

function apptainer(layers: 'plain' | 'gzip', codec: Converter['codec']): Converter {
  const args = codec === 'gzip-9' ? '' : `--mksquashfs-args '${mksquashfsArgs[codec]}' `;
  return {
    name: codec === 'gzip-9' ? 'apptainer build, its defaults' : 'apptainer build',
    layers,
    codec,
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
    command: ({ flat, result }) =>
      `mksquashfs - ${result} -tar ${mksquashfsArgs[codec]} -noappend -quiet -no-progress < ${flat}`,
  };
}

function source(layers: 'plain' | 'gzip', { archive, layout }: Paths): string {
  return layers === 'plain' ? `docker-archive:${archive}` : `oci:${layout}`;
}
