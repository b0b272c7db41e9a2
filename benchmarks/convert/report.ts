import type { Measurement } from './measure.ts';

/** All rounds of one converter on one image. */
export interface Series {
  readonly image: string;
  readonly converter: string;
  readonly layers: 'plain' | 'gzip' | 'flat';
  readonly codec: string;
  readonly rounds: readonly Measurement[];
}

export function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  const middle = sorted.length / 2;
  return ((sorted[Math.ceil(middle) - 1] ?? 0) + (sorted[Math.floor(middle)] ?? 0)) / 2;
}

function middleOf(rounds: readonly Measurement[]): (key: Exclude<keyof Measurement, 'contents'>) => number {
  return (key) => medianOf(rounds.map((round) => round[key]));
}

/** Formats the results of the Triton image: each program in its most common form, and hpc-gat beside it. */
export function headlines(all: readonly Series[]): string {
  const shown = all.filter(({ image, converter }) => image === 'triton' && !converter.startsWith('hpc-gat,'));
  const rows = shown.map(({ converter, layers, codec, rounds }) => {
    const middle = middleOf(rounds);
    const cells = [converter, layers, codec, middle('wallSeconds').toFixed(1)];
    cells.push(middle('peakMiB').toFixed(0), middle('extraMiB').toFixed(0));
    return `| ${[...cells, (middle('resultBytes') / 1e6).toFixed(0)].join(' | ')} |`;
  });
  return [
    '| converter | layers | codec | s | MiB of memory | MiB of disk beside the result | MB of result |',
    '|---|---|---|---|---|---|---|',
    ...rows,
  ].join('\n');
}

/**
 * Returns one row per converter. The ratio is relative to hpc-gat's time on the same image, layers and codec if it was
 * measured, else to zstd-3.
 */
export function markdownTable(all: readonly Series[]): string {
  const rows = all.map((series) => {
    const { image, converter, layers, codec, rounds } = series;
    const middle = middleOf(rounds);
    const ours = rival(all, series);
    const ratio = ours === undefined ? '' : (middle('wallSeconds') / ours).toFixed(2);
    const cells = [
      ...[image, layers, codec, converter],
      ...[middle('wallSeconds').toFixed(1), ratio, middle('cpuSeconds').toFixed(1)],
      ...[
        middle('peakMiB').toFixed(0),
        middle('extraMiB').toFixed(0),
        (middle('resultBytes') / 1e6).toFixed(1),
      ],
      String(rounds.length),
    ];
    return `| ${cells.join(' | ')} |`;
  });
  return [
    '| image | layers | codec | converter | s | times hpc-gat | CPU s | MiB of memory | MiB of disk beside the result | MB of result | rounds |',
    '|---|---|---|---|---|---|---|---|---|---|---|',
    ...rows,
  ].join('\n');
}

function rival(all: readonly Series[], { image, layers, codec, converter }: Series): number | undefined {
  const plain = layers === 'flat' ? 'plain' : layers;
  const find = (wanted: string) =>
    all.find(
      (one) =>
        one.converter === 'hpc-gat' && one.image === image && one.layers === plain && one.codec === wanted,
    );
  const ours = find(codec) ?? find('zstd-3');
  return ours === undefined || converter === 'hpc-gat'
    ? undefined
    : medianOf(ours.rounds.map(({ wallSeconds }) => wallSeconds));
}

/** Draws bars of the median times, one group per image. */
export function chart(all: readonly Series[]): string {
  const rowHeight = 22;
  const left = 330;
  const width = 820;
  const longest = Math.max(...all.map(({ rounds }) => medianOf(rounds.map((round) => round.wallSeconds))));
  const rows = all.map(({ image, converter, layers, codec, rounds }, index) => {
    const seconds = medianOf(rounds.map((round) => round.wallSeconds));
    const y = 10 + index * rowHeight;
    const bar = (seconds / longest) * (width - left - 60);
    const colour = converter === 'hpc-gat' ? '#1f77b4' : '#b0b0b0';
    return [
      `<text x="${left - 8}" y="${y + 12}" text-anchor="end">${image}, ${layers}, ${codec}: ${converter}</text>`,
      `<rect x="${left}" y="${y}" width="${bar.toFixed(1)}" height="15" fill="${colour}"/>`,
      `<text x="${(left + bar + 5).toFixed(1)}" y="${y + 12}">${seconds.toFixed(1)} s</text>`,
    ].join('');
  });
  const height = 20 + all.length * rowHeight;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">`,
    `<rect width="${width}" height="${height}" fill="white"/>`,
    ...rows,
    '</svg>',
    '',
  ].join('\n');
}
