import { findRuntimePath } from '../../apptainer/container-runtime.ts';
import type { Context } from '../../support/context.ts';
import { formatCompression, parseCompression, type Compression } from '../../formats/squashfs/compression.ts';

/**
 * Compression with about the size of gzip at level 9 in a tenth of its time. To read it, a kernel must be 4.14 or
 * later and built with zstd, or squashfuse must be.
 */
const quickAndSmall: Compression = { codec: 'zstd', level: 3 };
const readEverywhere: Compression = { codec: 'gzip', level: 6 };

/**
 * Parses a compression, or chooses one for `auto`: the one of the site profile, or else zstd:3, or gzip:6 if the
 * container runtime of this host turns out not to read zstd.
 *
 * @param ofSite compression of the site profile, if it has one.
 * @throws {UsageError} for anything else.
 */
export async function chooseCompression(
  text: string,
  ofSite: string | undefined,
  context: Pick<Context, 'env' | 'cwd' | 'run' | 'signal' | 'output'>,
): Promise<Compression> {
  if (text !== 'auto') {
    return parseCompression(text);
  }
  if (ofSite !== undefined && ofSite !== 'auto') {
    return parseCompression(ofSite);
  }
  if (findRuntimePath(context.env) === undefined) {
    return quickAndSmall;
  }
  const { findRuntimeWithoutCodec } = await import('./codec-probe/codec-probe.ts');
  const runtime = await findRuntimeWithoutCodec(quickAndSmall, context);
  if (runtime === undefined) {
    return quickAndSmall;
  }
  const [refused, instead] = [quickAndSmall, readEverywhere].map(formatCompression);
  context.output.info(
    `${instead} instead of ${refused}: ${runtime.name} ${runtime.version} of this host does not start images of ${refused}`,
  );
  return readEverywhere;
}
