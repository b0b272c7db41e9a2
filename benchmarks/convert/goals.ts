import type { Measurement } from './measure.ts';
import { medianOf, type Series } from './report.ts';
import type { Start } from './starts.ts';

/** Goal for a conversion, and the value that this run has measured. */
interface Goal {
  readonly what: string;
  readonly value: number;
  readonly unit: 'times' | 's' | 'MiB';
  readonly atLeast?: number;
  readonly atMost?: number;
}

const ours = 'hpc-gat';

/** Returns a row for each goal; goals that this run has not measured are omitted. */
export function goalsTable(all: readonly Series[], starts: readonly Start[]): string {
  const rows = goals(all, starts)
    .filter(({ value }) => Number.isFinite(value))
    .map((goal) => {
      const { what, value, unit, atLeast, atMost } = goal;
      const bar = atLeast === undefined ? `at most ${atMost} ${unit}` : `at least ${atLeast} ${unit}`;
      return `| ${what} | ${bar} | ${shown(value, unit)} | ${isReached(goal) ? 'yes' : '**no**'} |`;
    });
  return ['| measure | goal | this run | reached |', '|---|---|---|---|', ...rows].join('\n');
}

/** Rounds to the displayed precision, so that no row contradicts itself. */
function isReached({ value, unit, atLeast = -Infinity, atMost = Infinity }: Goal): boolean {
  const rounded = Number(shown(value, unit).split(' ')[0]);
  return rounded >= atLeast && rounded <= atMost;
}

function shown(value: number, unit: Goal['unit']): string {
  const digits = unit === 'MiB' ? 0 : value < 1.1 && unit === 'times' ? 3 : value < 10 ? 2 : 1;
  return `${value.toFixed(digits)} ${unit}`;
}

function goals(all: readonly Series[], starts: readonly Start[]): Goal[] {
  const found = (image: string, converter: string, layers: Series['layers'], codec: string) =>
    all.find(
      (one) =>
        one.image === image && one.converter === converter && one.layers === layers && one.codec === codec,
    );
  const middle = (series: Series | undefined, key: Exclude<keyof Measurement, 'contents'>): number =>
    series === undefined ? Number.NaN : medianOf(series.rounds.map((round) => round[key]));
  const start = (what: string): number =>
    medianOf(starts.find((one) => one.what === what)?.seconds ?? [Number.NaN]);
  const mine = (image: string, layers: 'plain' | 'gzip', codec: string) => found(image, ours, layers, codec);
  const seconds = (series: Series | undefined) => middle(series, 'wallSeconds');
  const slower = (
    rival: string,
    layers: 'plain' | 'gzip',
    codec: string,
    { image = 'triton', oursAt = codec } = {},
  ) => seconds(found(image, rival, layers, codec)) / seconds(mine(image, layers, oursAt));
  const ofFlatTar = (codec: string) => found('triton', 'mksquashfs -tar', 'flat', codec);
  const longer = (codec: string) => seconds(mine('triton', 'plain', codec)) / seconds(ofFlatTar(codec));
  const larger = (codec: string) =>
    middle(mine('triton', 'plain', codec), 'resultBytes') / middle(ofFlatTar(codec), 'resultBytes');
  const changed = 'triton-changed';
  const rebuilt = (layers: 'plain' | 'gzip') =>
    seconds(found(changed, `${ours}, top layer changed`, layers, 'zstd-3')) /
    seconds(mine(changed, layers, 'zstd-3'));
  const unchanged = (layers: 'plain' | 'gzip') =>
    seconds(found('triton', `${ours}, unchanged`, layers, 'zstd-3'));
  const cold = all.filter(({ converter }) => converter === ours);
  const most = (key: 'extraMiB' | 'peakMiB') => Math.max(...cold.map((series) => middle(series, key)));
  const triton = mine('triton', 'plain', 'zstd-3');
  const times = 'times' as const;
  return [
    {
      what: '`apptainer build` with its defaults (gzip-9), against ours (zstd-3): plain layers',
      value: slower('apptainer build, its defaults', 'plain', 'gzip-9', { oursAt: 'zstd-3' }),
      unit: times,
      atLeast: 20,
    },
    {
      what: 'the same, gzip layers',
      value: slower('apptainer build, its defaults', 'gzip', 'gzip-9', { oursAt: 'zstd-3' }),
      unit: times,
      atLeast: 12,
    },
    {
      what: '`apptainer build`, both at zstd-3: plain layers',
      value: slower('apptainer build', 'plain', 'zstd-3'),
      unit: times,
      atLeast: 10,
    },
    {
      what: 'the same, gzip layers',
      value: slower('apptainer build', 'gzip', 'zstd-3'),
      unit: times,
      atLeast: 4,
    },
    {
      what: '`apptainer build`, both at gzip-6: plain layers',
      value: slower('apptainer build', 'plain', 'gzip-6'),
      unit: times,
      atLeast: 5,
    },
    {
      what: '`apptainer build`, both at zstd-3: 100,000 small files, plain layers',
      value: slower('apptainer build', 'plain', 'zstd-3', { image: 'small-files' }),
      unit: times,
      atLeast: 15,
    },
    {
      what: '`umoci unpack` and `mksquashfs`, both at zstd-3: gzip layers',
      value: slower('umoci + mksquashfs', 'gzip', 'zstd-3'),
      unit: times,
      atLeast: 2,
    },
    {
      what: 'our time, of that of `mksquashfs -tar` on one flat tar: zstd-3',
      value: longer('zstd-3'),
      unit: times,
      atMost: 1.5,
    },
    { what: 'the same, gzip-6', value: longer('gzip-6'), unit: times, atMost: 0.75 },
    { what: 'our size, of that of `mksquashfs`: zstd-3', value: larger('zstd-3'), unit: times, atMost: 1.01 },
    { what: 'the same, gzip-6', value: larger('gzip-6'), unit: times, atMost: 1.01 },
    {
      what: 'a changed top layer, of the cold time: plain layers',
      value: rebuilt('plain'),
      unit: times,
      atMost: 0.15,
    },
    { what: 'the same, gzip layers', value: rebuilt('gzip'), unit: times, atMost: 0.15 },
    {
      what: 'an unchanged source',
      value: Math.max(unchanged('plain'), unchanged('gzip')),
      unit: 's',
      atMost: 1,
    },
    { what: 'disk beside output and cache, at most', value: most('extraMiB'), unit: 'MiB', atMost: 0 },
    { what: 'memory, at most', value: most('peakMiB'), unit: 'MiB', atMost: 512 },
    {
      what: 'memory for the image of 4 GB, of that for the one of 1 GB',
      value: middle(mine('large', 'plain', 'zstd-3'), 'peakMiB') / middle(triton, 'peakMiB'),
      unit: times,
      atMost: 1.3,
    },
    {
      what: 'processor time, of the time from the first byte read to the last block written: two threads',
      value: processorsUsed(found('triton', `${ours}, watched`, 'plain', 'zstd-3')),
      unit: times,
      atLeast: 1.8,
    },
    {
      what: '`hpc-gat --help`, of the time of `node -e 0`',
      value: start('hpc-gat --help') / start('node -e 0'),
      unit: times,
      atMost: 2.5,
    },
  ];
}

function processorsUsed(series: Series | undefined): number {
  const found = series?.rounds.flatMap(({ contents }) =>
    contents === undefined ? [] : [contents.cpuSeconds / contents.wallSeconds],
  );
  return medianOf(found ?? []);
}
