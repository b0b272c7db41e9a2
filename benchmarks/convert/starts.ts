import { medianOf } from './report.ts';

/** How long something takes from its call to its end. */
export interface Start {
  readonly what: string;
  /** One for each round. */
  readonly seconds: readonly number[];
}

const sifs = '/home/alice/bench';

/** Makes what is started: the same image by hpc-gat and by Apptainer, each with its defaults. */
export function prepareStarts(archive: string): string {
  return [
    `mkdir -p ${sifs} && cd ${sifs}`,
    `~/installed/bin/hpc-gat make-sif --no-cache --force -o ours.sif docker-archive:${archive}`,
    `apptainer --quiet build --force theirs.sif docker-archive:${archive}`,
  ].join(' && ');
}

const node = '~/installed/lib/node_modules/hpc-gat';

const starts: readonly { readonly what: string; readonly command: string }[] = [
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
  { what: 'node -e 0', command: 'node -e 0' },
  { what: 'hpc-gat --help', command: `node ${node}/bin/hpc-gat.js --help` },
];

/** @param inLab runs a shell command in the lab and gives its standard output. */
export function measureStarts(rounds: number, inLab: (command: string) => string): Start[] {
  const found = new Map<string, number[]>(starts.map(({ what }) => [what, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const { what, command } of starts) {
      const timed = `{ /usr/bin/time -f %e ${command} >/dev/null; } 2>&1`;
      found.get(what)?.push(Number(inLab(timed).trim().split('\n').at(-1)));
    }
  }
  return [...found].map(([what, seconds]) => ({ what, seconds }));
}

export function startsTable(all: readonly Start[]): string {
  const rows = all.map(
    ({ what, seconds }) => `| ${what} | ${medianOf(seconds).toFixed(2)} | ${seconds.length} |`,
  );
  return ['| start | s | rounds |', '|---|---|---|', ...rows].join('\n');
}
