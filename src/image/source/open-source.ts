import type { Context } from '../../support/context.ts';
import { findCompressedArchive } from './archive-file.ts';
import { readDockerArchive } from './docker-save/docker-archive.ts';
import { readOciLayout } from './oci/oci-layout.ts';
import type { OpenedSource } from './opened-source.ts';
import type { ImageSource } from './source.ts';

/**
 * Reads the descriptions of an image.
 *
 * @throws {UsageError} if there is no such image.
 * @throws {MissingToolError} {HpcGatError} if the source cannot be queried, or is damaged.
 */
export async function openSource(
  source: ImageSource,
  context: Pick<Context, 'env' | 'run' | 'clock' | 'signal'>,
): Promise<OpenedSource> {
  switch (source.kind) {
    case 'docker':
      return (await import('./registry-image.ts')).readRegistryImage(source, context);
    case 'docker-daemon':
      return (await import('./daemon-image.ts')).findDaemonImage(source, context);
    case 'definition':
      return { kind: 'definition', source };
    case 'oci':
      return { kind: 'layout', source, layout: await readOciLayout(source) };
    case 'docker-archive':
    case 'oci-archive': {
      const archive = await findCompressedArchive(source);
      if (archive !== undefined) {
        return { kind: 'compressed-archive', source, archive };
      }
      return source.kind === 'docker-archive'
        ? { kind: 'docker-archive', source, archive: await readDockerArchive(source.file, source) }
        : { kind: 'layout', source, layout: await readOciLayout(source) };
    }
  }
}
