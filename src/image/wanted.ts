import path from 'node:path';
import type { CompleteSettings } from '../config/defaults.ts';
import type { Project } from '../config/load.ts';
import { parseReference } from '../registry/reference.ts';
import { UsageError } from '../support/errors.ts';
import { defaultOutputName, type ImageSource, parseSource } from './source/source.ts';

/** One SIF that somebody asked for. */
export interface WantedImage {
  readonly source: ImageSource;
  /** Of the SIF. */
  readonly file: string;
  readonly compression: string;
}

/**
 * The images of a project that name a source: the server's, then the client's. Their files are absolute.
 *
 * @throws {UsageError} when none does.
 */
export function configuredImages({ settings, root }: Project): WantedImage[] {
  const wanted = [settings.image, settings.client.image].flatMap(({ source, file, compression }) =>
    source === undefined
      ? []
      : [{ source: parse(source, settings, root), file: path.resolve(root, file), compression }],
  );
  if (wanted.length === 0) {
    throw new UsageError('no SOURCE, and no image.source in hpc-gat.yaml', {
      fix: 'hpc-gat make-sif docker-daemon:NAME -o FILE, or set image.source',
    });
  }
  return wanted;
}

/** An image by its source alone; relative file names are meant from `cwd`. */
export function namedImage(source: string, settings: CompleteSettings, cwd: string): WantedImage {
  const parsed = parse(source, settings, cwd);
  return { source: parsed, file: defaultOutputName(parsed), compression: settings.image.compression };
}

function parse(text: string, { registry }: CompleteSettings, folder: string): ImageSource {
  const source = parseSource(text, folder);
  if (source.kind !== 'docker') {
    return source;
  }
  const { host } = parseReference(source.name);
  const mirrors = registry.mirrors[host];
  return {
    ...source,
    ...(registry.plainHttp.includes(host) && { plainHttp: true }),
    ...(mirrors !== undefined && { mirrors }),
  };
}
