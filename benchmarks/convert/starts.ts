import { medianOf } from './report.ts';

/** Time of a command from its call to its end. */
export interface Start {
  readonly what: string;
  /** Values of all rounds. */
  readonly seconds: readonly number[];
}

const sifs = '/home/alice/bench';

/** Creates the images to start: the same one by hpc-gat and by Apptainer, each with its defaults. */
export function prepareStarts(archive: string): string {
  return [
    `mkdir -p ${sifs} && cd ${sifs}`,
    `~/installed/bin/hpc-gat make-sif --no-cache --force -o ours.sif docker-archive:${archive}`,
    `apptainer --quiet build --force theirs.sif docker-archive:${archive}`,
  ].join(' && ');
}

const node = '~/installed/lib/node_modules/hpc-gat';

/**
 * `times` is the number of repetitions in one measurement, for commands that are too short for the clock's resolution.
 */
const starts: readonly { readonly what: string; readonly command: string; readonly times?: number }[] = [
  { what: 'apptainer exec, SIF of hpc-gat: true', command: `apptainer exec ${sifs}/ours.sif true` },
  { what: 'apptainer exec, SIF of apptainer build: true', command: `apptainer exec ${sifs}/theirs.sif true` },
  {
    what: 'apptainer exec, SIF of hpc-gat: import torch',
    command: `apptainer exec ${sifs}/ours.sif python3 -c 'import torch'`,
  },
  {
    what: 'apptainer exec, SIF of apptainer build: import torch',
    command: `apptainer exec ${sifs}/theirs.sif python3 -c 'import torch'`,
  },
  { what: 'node -e 0', command: 'node -e 0', times: 20 },
  { what: 'hpc-gat --help', command: `node ${node}/bin/hpc-gat.js --help`, times: 20 },
];

/** @param inLab runs a shell command in the lab and returns its standard output. */
export function measureStarts(rounds: number, inLab: (command: string) => string): Start[] {
  const found = new Map<string, number[]>(starts.map(({ what }) => [what, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const { what, command, times = 1 } of starts) {
      const all = `for i in $(seq -s ' ' ${times}); do ${command} >/dev/null; done`;
      const output = inLab(`{ /usr/bin/time -f %e sh -c "${all}"; } 2>&1`);
      found.get(what)?.push(Number(output.trim().split('\n').at(-1)) / times);
    }
  }
  return [...found].map(([what, seconds]) => ({ what, seconds }));
}

export function startsTable(all: readonly Start[]): string {
  const rows = all.map(
    ({ what, seconds }) => `| ${what} | ${medianOf(seconds).toFixed(3)} | ${seconds.length} |`,
  );
  return ['| start | s | rounds |', '|---|---|---|', ...rows].join('\n');
}
