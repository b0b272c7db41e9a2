import path from 'node:path';
import type { CompleteSettings } from '../../config/defaults.ts';
import type { Project } from '../../config/load.ts';
import { parseReference } from '../../registry/reference.ts';
import { UsageError } from '../../support/errors.ts';
import { formatPlatform, hostPlatform, parsePlatform } from '../source/platform.ts';
import { markPlainHttp } from '../source/plain-http.ts';
import { getDefaultOutputName, type ImageSource, parseSource } from '../source/source.ts';

/** SIF requested by the user. */
export interface RequestedImage {
  readonly source: ImageSource;
  /** Path of the SIF. */
  readonly file: string;
  readonly compression: string;
  readonly blockSize: string;
}

/**
 * Lists the images of a project that have a source: the server's, then the client's. Their files are absolute.
 *
 * @throws {UsageError} if there is none.
 */
export function listConfiguredImages({ settings, root }: Project): RequestedImage[] {
  const wanted = [settings.image, settings.client.image].flatMap(
    ({ source, file, platform, compression, blockSize }) =>
      source === undefined
        ? []
        : [
            {
              source: selectPlatform(parse(source, settings, root), platform),
              file: path.resolve(root, file),
              compression,
              blockSize,
            },
          ],
  );
  if (wanted.length === 0) {
    throw new UsageError('no SOURCE was given, and hpc-gat.yaml has no image.source', {
      fix: 'run hpc-gat make-sif docker-daemon:NAME -o FILE, or set image.source',
    });
  }
  return wanted;
}

/** Returns an image given only by its source; relative file names are resolved against `cwd`. */
export function parseRequestedImage(source: string, settings: CompleteSettings, cwd: string): RequestedImage {
  const { platform, compression, blockSize } = settings.image;
  const parsed = selectPlatform(parse(source, settings, cwd), platform);
  return { source: parsed, file: getDefaultOutputName(parsed), compression, blockSize };
}

/**
 * Selects the requested platform of a source.
 *
 * @throws {UsageError} for an unknown platform, and for another platform of a definition file, whose commands run on
 *   this host.
 */
export function selectPlatform(source: ImageSource, text: string | undefined): ImageSource {
  if (text === undefined) {
    return source;
  }
  const platform = parsePlatform(text);
  if (source.kind !== 'definition') {
    return { ...source, platform };
  }
  const [wanted, host] = [platform, hostPlatform()].map(formatPlatform);
  if (wanted !== host) {
    throw new UsageError(`the commands of ${source.file} run on this host, which is ${host}, not ${wanted}`, {
      fix: `build it on a node of ${wanted}, or convert a Docker image for ${wanted}`,
    });
  }
  return source;
}

function parse(text: string, { registry }: CompleteSettings, directory: string): ImageSource {
  const source = markPlainHttp(parseSource(text, directory), registry.plainHttp);
  if (source.kind !== 'docker') {
    return source;
  }
  const { host } = parseReference(source.name);
  const mirrors = registry.mirrors[host];
  return mirrors === undefined ? source : { ...source, mirrors };
}
