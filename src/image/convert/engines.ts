import type { Context } from '../../support/context.ts';
import { UsageError } from '../../support/errors.ts';
import type { CacheConfig } from './cache/cache-config.ts';
import type { SifEngine } from './engine.ts';
import { getDefaultLimits } from './limits.ts';
import { createNativeEngine } from './native-engine.ts';
import type { ImageSource } from '../source/source.ts';
import { getThreadCount } from './threads.ts';

export const engineNames = ['native', 'apptainer'] as const;

export type EngineName = (typeof engineNames)[number];

export interface EngineOptions {
  /** Engine requested by name. */
  readonly name?: EngineName | undefined;
  /** Number of blocks that the native engine compresses in parallel. */
  readonly threads?: number | undefined;
  /** Limit for the unpacked bytes of an image, for the native engine. */
  readonly maxBytes?: number | undefined;
  /** Layer cache of the native engine; none if undefined. */
  readonly cache?: CacheConfig | undefined;
}

/**
 * Returns the engine for one image. By default Apptainer builds definition files, because their commands run in a
 * container, and the native engine converts everything that has layers.
 *
 * @throws {UsageError} if the requested engine does not support the source.
 */
export async function createEngine(
  source: ImageSource,
  { name, threads, maxBytes, cache }: EngineOptions,
  context: Pick<Context, 'env' | 'run' | 'clock' | 'signal'>,
): Promise<SifEngine> {
  const isDefinition = source.kind === 'definition';
  if (isDefinition && name === 'native') {
    throw new UsageError(`${source.file} is a definition file; the native engine converts only images`, {
      fix: 'omit --engine: Apptainer builds definition files',
    });
  }
  if (isDefinition || name === 'apptainer') {
    return (await import('./apptainer-engine.ts')).createApptainerEngine(context);
  }
  return createNativeEngine(context, {
    threads: getThreadCount(threads, context.env),
    limits: getDefaultLimits(maxBytes),
    cache,
  });
}
