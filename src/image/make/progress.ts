import path from 'node:path';
import type { Context } from '../../support/context.ts';
import type { ConversionProgress } from '../convert/conversion-watch.ts';

export interface ProgressDisplay {
  readonly update: (progress: ConversionProgress) => void;
  readonly warn: (message: string) => void;
  /** Clears the line and stops. */
  readonly end: () => void;
}

export interface ProgressForm {
  /** Path of the SIF. */
  readonly file: string;
  /** True if every line contains the file name, because several SIFs are made. */
  readonly named?: boolean;
  /** Prints one JSON object per line instead of text. */
  readonly events?: boolean;
}

const redrawMs = 1000;
/** Minimum interval between two updates of the line on a terminal. */
const drawMs = 100;
/** Without a terminal, minimum interval between lines of one step, which are printed at every tenth of it. */
const lineMs = 5000;
/** Maximum interval between lines, for slow steps. */
const slowLineMs = 60_000;
const eventMs = 1000;

/**
 * Shows the progress: on a terminal in one line that is redrawn; elsewhere in one line for each step, and some for
 * its progress; or as events, for `--json`.
 */
export function showProgress(
  { output, clock }: Pick<Context, 'output' | 'clock'>,
  { file, named = false, events = false }: ProgressForm,
): ProgressDisplay {
  const nowMs = () => clock.now().getTime();
  const startedMs = nowMs();
  const name = path.basename(file);
  const isDrawn = output.interactive && !events;
  let rate = new Rate();
  let last: ConversionProgress | undefined;
  const begun = new Set<string>();
  let shownMs = 0;
  let shownTenth = 0;
  const elapsed = () => `[${Math.round((nowMs() - startedMs) / 1000)} s]${named ? ` ${name}:` : ''}`;
  const printEvent = (event: 'progress' | 'warning', facts: object) => {
    output.info(JSON.stringify({ event, file, ...facts }));
  };
  const draw = () => {
    if (last !== undefined) {
      output.status(`${elapsed()} ${formatProgress(last, rate)}`);
    }
  };
  const timer = isDrawn ? setInterval(draw, redrawMs) : undefined;
  timer?.unref();
  const isDue = (progress: ConversionProgress, sinceMs: number): boolean => {
    const isWhole = progress.doneBytes !== undefined && progress.doneBytes === progress.totalBytes;
    if (isDrawn) {
      return sinceMs >= drawMs;
    }
    if (events) {
      return sinceMs >= eventMs || isWhole;
    }
    return sinceMs >= slowLineMs || (sinceMs >= lineMs && tenthOf(progress) > shownTenth);
  };
  return {
    update: (progress) => {
      // A step may continue in parallel with the next ones.
      const isNew = !begun.has(progress.message);
      begun.add(progress.message);
      rate = progress.message === last?.message ? rate : new Rate();
      rate.add(nowMs(), progress.doneBytes ?? 0);
      last = progress;
      if (!isNew && !isDue(progress, nowMs() - shownMs)) {
        return;
      }
      shownMs = nowMs();
      shownTenth = tenthOf(progress);
      if (events) {
        printEvent('progress', { elapsedMs: shownMs - startedMs, ...progress, ...forecast(progress, rate) });
      } else if (isDrawn) {
        draw();
      } else {
        output.info(`${elapsed()} ${isNew ? progress.message : formatProgress(progress, rate)}`);
      }
    },
    warn: (message) => {
      if (events) {
        printEvent('warning', { message });
      } else {
        output.warn(named ? `${name}: ${message}` : message);
      }
    },
    end: () => {
      clearInterval(timer);
      if (isDrawn) {
        output.status('');
      }
    },
  };
}

/** Bytes per second over a short window, because layers differ. */
class Rate {
  readonly #samples: { ms: number; bytes: number }[] = [];

  add(ms: number, bytes: number): void {
    const previous = this.#samples.at(-1);
    if (previous !== undefined && ms - previous.ms < sampleMs) {
      return;
    }
    this.#samples.push({ ms, bytes });
    while ((this.#samples[0]?.ms ?? ms) < ms - windowMs) {
      this.#samples.shift();
    }
  }

  /** Undefined until there are enough samples. */
  get bytesPerSecond(): number | undefined {
    const [first] = this.#samples;
    const newest = this.#samples.at(-1);
    return first === undefined || newest === undefined || newest.ms - first.ms < minimumMs
      ? undefined
      : ((newest.bytes - first.bytes) * 1000) / (newest.ms - first.ms);
  }
}

const sampleMs = 250;
const windowMs = 15_000;
const minimumMs = 1000;

/** Returns speed and remaining time; for a stream of unknown length only the speed. */
function forecast(
  { doneBytes, totalBytes }: ConversionProgress,
  { bytesPerSecond }: Rate,
): { bytesPerSecond?: number; secondsLeft?: number } {
  if (doneBytes === undefined || bytesPerSecond === undefined || bytesPerSecond <= 0) {
    return {};
  }
  return {
    bytesPerSecond: Math.round(bytesPerSecond),
    ...(totalBytes !== undefined && {
      secondsLeft: Math.max(0, Math.ceil((totalBytes - doneBytes) / bytesPerSecond)),
    }),
  };
}

function tenthOf({ doneBytes = 0, totalBytes = 0 }: ConversionProgress): number {
  return totalBytes === 0 ? 0 : Math.floor((10 * doneBytes) / totalBytes);
}

function formatProgress(progress: ConversionProgress, rate: Rate): string {
  const { message, doneBytes, totalBytes, layer } = progress;
  if (doneBytes === undefined) {
    return message;
  }
  const { bytesPerSecond, secondsLeft } = forecast(progress, rate);
  return [
    `${message}: ${amount(doneBytes, totalBytes)}${totalBytes ? ` (${Math.floor((100 * doneBytes) / totalBytes)} %)` : ''}`,
    ...(bytesPerSecond === undefined ? [] : [`${mebibytes(bytesPerSecond)} MiB/s`]),
    ...(secondsLeft === undefined ? [] : [`${duration(secondsLeft)} left`]),
    ...(layer === undefined || layer.count < 2
      ? []
      : [`layer ${layer.number} of ${layer.count}: ${amount(layer.doneBytes, layer.totalBytes)}`]),
  ].join(', ');
}

function amount(doneBytes: number, totalBytes: number | undefined): string {
  return `${mebibytes(doneBytes)}${totalBytes === undefined ? '' : ` of ${mebibytes(totalBytes)}`} MiB`;
}

function mebibytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(bytes < 10 * 2 ** 20 ? 1 : 0);
}

function duration(seconds: number): string {
  return seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
}
