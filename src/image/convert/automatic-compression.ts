import { containerRuntimePath } from '../../apptainer/container-runtime.ts';
import type { Context } from '../../support/context.ts';
import { formatCompression, parseCompression, type Compression } from '../../formats/squashfs/compression.ts';

/**
 * About the size of gzip-9 at a tenth of its time. Reading it needs a kernel of 4.14 or later that was built with it, or a
 * squashfuse that was.
 */
const quickAndSmall: Compression = { codec: 'zstd', level: 3 };
const readEverywhere: Compression = { codec: 'gzip', level: 6 };

/**
 * Reads a compression, or `auto`: what the site's profile says; without it zstd:3, unless the container runtime of this
 * host turns out not to read that, then gzip:6.
 *
 * @param ofSite what the profile says, where it does.
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
  if (containerRuntimePath(context.env) === undefined) {
    return quickAndSmall;
  }
  const { runtimeThatRefuses } = await import('./codec-probe/codec-probe.ts');
  const runtime = await runtimeThatRefuses(quickAndSmall, context);
  if (runtime === undefined) {
    return quickAndSmall;
  }
  const [refused, instead] = [quickAndSmall, readEverywhere].map(formatCompression);
  context.output.info(
    `${instead} instead of ${refused}: ${runtime.name} ${runtime.version} of this host does not start images of ${refused}`,
  );
  return readEverywhere;
}
