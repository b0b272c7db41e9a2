import type { Context } from '../../support/context.ts';
import { HpcGatError, UsageError } from '../../support/errors.ts';
import { identifyImage, type IdentifiedImage } from '../source/identify-image.ts';
import { formatSource, type ImageSource } from '../source/source.ts';
import { isSameIdentity } from './up-to-date.ts';

/** Error for a source that is another one than before its conversion. */
class SourceChangedError extends HpcGatError {}

/**
 * Checks that a tag was not moved, and a file not rewritten, during the conversion: the manifest would be wrong.
 *
 * @param image state before the conversion.
 */
export async function checkUnchanged(
  source: ImageSource,
  image: IdentifiedImage,
  context: Context,
): Promise<void> {
  if (image.opened.kind === 'registry') {
    // The digest in its name determines the image.
    return;
  }
  const now = await identifyImage(source, context);
  if (!isSameIdentity(now.identity, image.identity)) {
    throw new SourceChangedError(`${formatSource(source)} changed while it was converted`, {
      fix: 'run the command again',
    });
  }
}

/**
 * Returns the error that a failed conversion reports: a file that was rewritten in the meantime looks damaged.
 *
 * @param error reason for the failure.
 */
export async function explainFailure(
  error: unknown,
  source: ImageSource,
  image: IdentifiedImage,
  context: Context,
): Promise<unknown> {
  if (image.opened.kind === 'definition') {
    return error;
  }
  try {
    await checkUnchanged(source, image, context);
    return error;
  } catch (change) {
    const isExplanation = change instanceof SourceChangedError || change instanceof UsageError;
    return isExplanation ? change : error;
  }
}
