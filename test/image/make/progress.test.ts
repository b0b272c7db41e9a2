import { describe, expect, test } from '@jest/globals';
import type { ConversionProgress } from '../../../src/image/convert/conversion-watch.ts';
import { showProgress, type ProgressForm } from '../../../src/image/make/progress.ts';
import { countLayers } from '../../../src/image/source/layers/count-bytes.ts';
import { testContext } from '../../support/context.ts';

const mebibyte = 2 ** 20;

/** Creates a display with a clock that the test advances. */
function display(form: Partial<ProgressForm> = {}, interactive = false) {
  let nowMs = 0;
  const drawn: string[] = [];
  const context = testContext();
  const { update, warn, end } = showProgress(
    {
      output: { ...context.output, interactive, status: (line) => void drawn.push(line) },
      clock: { ...context.clock, now: () => new Date(nowMs) },
    },
    { file: '/home/x.sif', ...form },
  );
  return {
    lines: context.messages,
    drawn,
    warn,
    end,
    at: (ms: number, progress: Partial<ConversionProgress>) => {
      nowMs = ms;
      update({ stage: 'compress', message: 'converting the layers', ...progress });
    },
  };
}

/** Progress of a conversion of 1000 MiB at 10 MiB/s, every 100 ms. */
const steady = Array.from({ length: 1001 }, (_none, at) => ({
  ms: at * 100,
  doneBytes: at * mebibyte,
  totalBytes: 1000 * mebibyte,
}));

describe('without a terminal', () => {
  test('prints a line per step, and one for each tenth of it', () => {
    const { at, lines } = display();
    for (const { ms, ...progress } of steady) {
      at(ms, progress);
    }
    at(101_000, { message: 'checking the result' });
    expect(lines).toHaveLength(12);
    expect(lines.slice(0, 2)).toEqual([
      '[0 s] converting the layers',
      '[10 s] converting the layers: 100 of 1000 MiB (10 %), 10 MiB/s, 90 s left',
    ]);
    expect(lines.at(-1)).toBe('[101 s] checking the result');
  });

  test('prints one line for a step that overlaps the next', () => {
    const { at, lines } = display();
    at(0, { doneBytes: 0, totalBytes: 9 });
    at(1000, { message: 'checking the result' });
    at(1100, { doneBytes: 5, totalBytes: 9 });
    at(1200, { message: 'checking the result' });
    expect(lines).toEqual(['[0 s] converting the layers', '[1 s] checking the result']);
  });

  test('prints a line per minute for a slow step, and only the first for a fast one', () => {
    const slow = display();
    const fast = display();
    for (let second = 0; second <= 300; second += 1) {
      slow.at(second * 1000, { doneBytes: second, totalBytes: mebibyte });
    }
    for (const { ms, ...progress } of steady) {
      fast.at(ms / 100, progress);
    }
    expect(slow.lines).toHaveLength(6);
    expect(fast.lines).toEqual(['[0 s] converting the layers']);
  });

  test('prints neither a percentage nor a remaining time for a stream of unknown length', () => {
    const { at, lines } = display();
    for (let second = 0; second <= 60; second += 1) {
      at(second * 1000, { doneBytes: second * 20 * mebibyte });
    }
    expect(lines).toEqual([
      '[0 s] converting the layers',
      '[60 s] converting the layers: 1200 MiB, 20 MiB/s',
    ]);
  });

  test('names the image in each line and warning when there are several', () => {
    const { at, warn, lines } = display({ named: true });
    at(0, {});
    warn('odd');
    expect(lines).toEqual(['[0 s] x.sif: converting the layers', 'warning: x.sif: odd']);
  });
});

test('a terminal shows one line for the image and its layer, which is cleared at the end', () => {
  const { at, end, drawn, lines } = display({}, true);
  for (const { ms, ...progress } of steady.slice(0, 101)) {
    at(ms, {
      ...progress,
      layer: { number: 2, count: 3, doneBytes: progress.doneBytes / 2, totalBytes: 200 * mebibyte },
    });
  }
  end();
  expect(lines).toEqual([]);
  expect(drawn.slice(-2)).toEqual([
    '[10 s] converting the layers: 100 of 1000 MiB (10 %), 10 MiB/s, 90 s left, layer 2 of 3: 50 of 200 MiB',
    '',
  ]);
});

test('events are JSON, at most one per second, with a summary at the end', () => {
  const { at, warn, end, lines, drawn } = display({ events: true }, true);
  for (const { ms, ...progress } of steady) {
    at(ms, progress);
  }
  warn('odd\nlines');
  end();
  const events = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(drawn).toEqual([]);
  expect(events).toHaveLength(102);
  expect(events[10]).toEqual({
    ...{ event: 'progress', file: '/home/x.sif', elapsedMs: 10_000 },
    ...{ stage: 'compress', message: 'converting the layers' },
    ...{ doneBytes: 100 * mebibyte, totalBytes: 1000 * mebibyte },
    ...{ bytesPerSecond: 10 * mebibyte, secondsLeft: 90 },
  });
  expect(events[100]).toMatchObject({ doneBytes: 1000 * mebibyte, secondsLeft: 0 });
  expect(events[101]).toEqual({ event: 'warning', file: '/home/x.sif', message: 'odd\nlines' });
});

test('layers are counted one by one and in total', () => {
  const reported: ConversionProgress[] = [];
  const { begin, onBytes } = countLayers((progress) => reported.push(progress), 'compress', 'reading', {
    layerCount: 2,
    totalBytes: 40,
  });
  begin(10);
  onBytes(10);
  begin(30);
  onBytes(5);
  onBytes(25);
  expect(reported.map(({ doneBytes, layer }) => [doneBytes, layer?.number, layer?.doneBytes])).toEqual([
    [10, 1, 10],
    [15, 2, 5],
    [40, 2, 30],
  ]);
  expect(reported[2]).toMatchObject({ totalBytes: 40, layer: { count: 2, totalBytes: 30 } });
});
