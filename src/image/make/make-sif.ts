import path from 'node:path';
import type { Context } from '../../support/context.ts';
import { acquireLock } from '../../support/files/lock.ts';
import { hostOf } from '../../support/processes/process-identity.ts';
import { convertAndPublish } from './convert-and-publish.ts';
import type { SifEngine } from '../convert/engine.ts';
import { identifyImage } from '../source/identify-image.ts';
import { checkPlatform } from '../source/platform.ts';
import { formatSource } from '../source/source.ts';
import type { MakeSifRequest, MakeSifResult } from './request.ts';
import { checkUpToDate } from './up-to-date.ts';
import { explainFileError } from './temp-dir.ts';

/**
 * Makes a SIF from an image, unless it is up to date. The output path always contains either nothing, the old file,
 * or a new file that was verified.
 *
 * @throws {UsageError} for a source that does not exist or is for another platform, or an output that cannot be
 *   written.
 * @throws {HpcGatError} if the conversion or the verification of the result fails; the signal's reason if it aborts.
 */
export async function makeSif(
  request: MakeSifRequest,
  engine: SifEngine,
  context: Context,
): Promise<MakeSifResult> {
  const image = await identifyImage(request.source, context);
  if (request.source.kind !== 'definition' && image.image !== undefined) {
    checkPlatform(image.image, request.source.platform, formatSource(request.source));
  }
  const before = await checkUpToDate(request, engine.name, image, context.signal);
  if (before.state === 'up to date' || request.dryRun === true) {
    return before;
  }
  const release = await lockOutput(request.output, context);
  try {
    // Another process may have made exactly this SIF while it held the lock.
    const now = await checkUpToDate(request, engine.name, image, context.signal);
    if (now.state === 'up to date') {
      return now;
    }
    const record = await convertAndPublish(request, engine, image, context);
    return { state: 'made', file: request.output, reason: now.reason, record };
  } finally {
    await release();
  }
}

async function lockOutput(output: string, context: Context): Promise<() => Promise<void>> {
  const directory = path.dirname(output);
  const name = path.basename(output);
  try {
    return await acquireLock(path.join(directory, `.${name}.lock`), {
      onWait: (owner, user) => {
        const process = owner === undefined ? 'another process' : `process ${owner.pid}`;
        const whose = user === undefined ? '' : ` of ${user}`;
        const who = `${process}${whose}${owner === undefined ? '' : ` on ${hostOf(owner)}`}`;
        context.output.info(`waiting for ${who}, which is making ${name}`);
      },
      clock: context.clock,
      signal: context.signal,
    });
  } catch (error) {
    throw explainFileError(directory, error);
  }
}
