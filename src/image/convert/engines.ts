import type { Context } from '../../support/context.ts';
import { UsageError } from '../../support/errors.ts';
import type { CacheConfig } from './cache/block-cache.ts';
import type { SifEngine } from './engine.ts';
import { defaultLimits } from './limits.ts';
import { nativeEngine } from './native-engine.ts';
import type { ImageSource } from '../source/source.ts';
import { conversionThreads } from './threads.ts';

export const engineNames = ['native', 'apptainer'] as const;

export type EngineName = (typeof engineNames)[number];

export interface EngineOptions {
  /** The one that was asked for by its name. */
  readonly name?: EngineName | undefined;
  /** Of the native engine: blocks compressed at once. */
  readonly threads?: number | undefined;
  /** Of the native engine: unpacked bytes of the largest image that is no bomb. */
  readonly maxBytes?: number | undefined;
  /** Of the native engine: where converted layers are kept; without it none are. */
  readonly cache?: CacheConfig | undefined;
}

/**
 * The engine for one image. Unless one is asked for, Apptainer builds recipes, because their commands run in a container,
 * and everything that has layers is converted by hpc-gat itself.
 *
 * @throws {UsageError} when the one that is asked for cannot do it.
 */
export async function engineFor(
  source: ImageSource,
  { name, threads, maxBytes, cache }: EngineOptions,
  context: Pick<Context, 'env' | 'run' | 'clock' | 'signal'>,
): Promise<SifEngine> {
  const isRecipe = source.kind === 'recipe';
  if (isRecipe && name === 'native') {
    throw new UsageError(
      `${source.file} is a recipe, which Apptainer builds; the native engine converts images`,
      {
        fix: 'leave --engine out',
      },
    );
  }
  if (isRecipe || name === 'apptainer') {
    return (await import('./apptainer-engine.ts')).apptainerEngine(context);
  }
  return nativeEngine(context, {
    threads: conversionThreads(threads, context.env),
    limits: defaultLimits(maxBytes),
    cache,
  });
}
