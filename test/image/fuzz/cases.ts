import { mkdtempSync, readdirSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { parseCompression } from '../../../src/formats/squashfs/compression.ts';
import { checkFile } from '../../../src/image/inspect/check-file.ts';
import type { ImageLimits } from '../../../src/image/convert/limits.ts';
import { makeSif } from '../../../src/image/make/make-sif.ts';
import { createNativeEngine } from '../../../src/image/convert/native-engine.ts';
import { parseSource } from '../../../src/image/source/source.ts';
import { systemClock } from '../../../src/support/clock.ts';
import type { Context } from '../../../src/support/context.ts';
import { HpcGatError, getErrorMessage } from '../../../src/support/errors.ts';
import { Draw } from '../corpus/draw.ts';
import { hostileImage } from './hostile-image.ts';

export interface FuzzOptions {
  readonly seed: number;
  /** Number of the first case, which is its seed. */
  readonly first: number;
  readonly cases: number;
  readonly endMs: number;
}

export interface FuzzReport {
  /** Number of the case that starts, or that has a problem. */
  readonly at: number;
  /** Number of cases that gave a SIF so far. */
  readonly made: number;
  /** Image of the case, which is kept after a problem. */
  readonly file: string;
  readonly problem?: string;
}

const limits: ImageLimits = { unpackedBytes: 8 * 2 ** 20, entries: 10_000, metadataBytes: 2 ** 26 };

/** Number of cases between two checks for growth. */
const lookEvery = 100;
const growthBytes = 64 * 2 ** 20;
const growthFiles = 20;

/** Converts one image after the other, until a case violates a rule. */
export async function fuzz(
  { seed, first, cases, endMs }: FuzzOptions,
  report: (report: FuzzReport) => void,
): Promise<void> {
  const around = mkdtempSync(path.join(tmpdir(), 'hpc-gat-fuzz-'));
  const rejected: unknown[] = [];
  process.on('unhandledRejection', (reason) => rejected.push(reason));
  let made = 0;
  let before: Use | undefined;
  for (let at = first; at < first + cases && Date.now() < endMs; at += 1) {
    const draw = new Draw(seed + at * 1_000_003);
    const { kind, bytes } = hostileImage(draw);
    const compression = draw.of(['zstd:1', 'zstd:1', 'gzip:1', 'none'] as const);
    const directory = path.join(around, 'project');
    await mkdir(directory);
    const file = path.join(directory, 'image.tar');
    await writeFile(file, bytes);
    report({ at, made, file });
    const outcome = await convert(`${kind}:image.tar`, directory, compression);
    made += outcome.made ? 1 : 0;
    let problem = outcome.problem ?? (await escapes(around, directory, outcome.made, bytes));
    problem ??= rejected.length === 0 ? undefined : `an unhandled rejection: ${String(rejected[0])}`;
    if ((at - first) % lookEvery === lookEvery - 1) {
      const now = use();
      before ??= now;
      problem ??= grown(before, now);
    }
    if (problem !== undefined) {
      report({ at, made, file, problem });
      return;
    }
    await rm(directory, { recursive: true });
  }
  await rm(around, { recursive: true });
}

async function convert(
  source: string,
  directory: string,
  compression: string,
): Promise<{ made: boolean; problem?: string }> {
  const context = contextIn(directory);
  const output = path.join(directory, 'out.sif');
  const wanted = parseCompression(compression);
  try {
    const request = {
      source: parseSource(source, directory),
      output,
      compression: wanted,
      blockBytes: 128 * 1024,
    };
    await makeSif(request, createNativeEngine(context, { threads: 2, limits }), context);
  } catch (error) {
    if (!(error instanceof HpcGatError)) {
      return {
        made: false,
        problem: `a crash: ${error instanceof Error ? (error.stack ?? '') : String(error)}`,
      };
    }
    const lines = error.message.split('\n').length;
    return lines > 1 || error.message.length > 1000
      ? { made: false, problem: `a message of ${lines} lines, ${error.message.length} characters` }
      : { made: false };
  }
  // The result is read again, with every inode, name and block.
  return checkFile(output, context).then(
    () => ({ made: true }),
    (error: unknown) => ({ made: true, problem: `wrote what is no sound SIF: ${getErrorMessage(error)}` }),
  );
}

/** Lists files in places that must stay empty. */
async function escapes(
  around: string,
  directory: string,
  made: boolean,
  image: Buffer,
): Promise<string | undefined> {
  const expected = ['image.tar', ...(made ? ['out.sif', 'out.sif.json'] : [])];
  const found = (await readdir(directory)).sort();
  if (found.join() !== expected.join() || (await readdir(around)).length !== 1) {
    return `left ${found.join(', ')}; around it: ${(await readdir(around)).join(', ')}`;
  }
  return (await readFile(path.join(directory, 'image.tar'))).equals(image)
    ? undefined
    : 'the image was changed';
}

interface Use {
  readonly bytes: number;
  readonly files: number;
}

function use(): Use {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  const { heapUsed, external } = process.memoryUsage();
  return { bytes: heapUsed + external, files: readdirSync('/proc/self/fd').length };
}

function grown(before: Use, now: Use): string | undefined {
  const bytes = now.bytes - before.bytes;
  const files = now.files - before.files;
  return bytes > growthBytes || files > growthFiles
    ? `growth: ${Math.round(bytes / 2 ** 20)} MiB and ${files} open files more than at first`
    : undefined;
}

function contextIn(cwd: string): Context {
  const ignore = () => undefined;
  return {
    env: {},
    cwd,
    output: {
      result: ignore,
      results: () => Promise.resolve(),
      json: ignore,
      info: ignore,
      warn: ignore,
      status: ignore,
      interactive: false,
    },
    run: () => Promise.reject(new Error('a program was started')),
    clock: systemClock,
    signal: new AbortController().signal,
  };
}
