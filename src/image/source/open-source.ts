import type { DockerEndpoint } from '../../docker/endpoint.ts';
import type { DockerImage } from '../../docker/images.ts';
import type { Registry } from '../../registry/registry.ts';
import type { Context } from '../../support/context.ts';
import { findCompressedArchive, type CompressedFile } from './archive-file.ts';
import { readDockerArchive, type DockerArchive } from './docker-save/docker-archive.ts';
import type { OciImage } from './oci/oci-image.ts';
import { readOciLayout, type OciLayout } from './oci/oci-layout.ts';
import type {
  DefinitionSource,
  DockerArchiveSource,
  DockerDaemonSource,
  ImageSource,
  OciSource,
  RegistrySource,
} from './source.ts';

/** Source whose descriptions were read, but not its layers. */
export type OpenedSource =
  | OpenedDockerArchive
  | OpenedCompressedArchive
  | OpenedLayout
  | OpenedRegistryImage
  | OpenedDaemonImage
  /** The image of a definition file does not exist before the build. */
  | { readonly kind: 'definition'; readonly source: DefinitionSource };

/** Uncompressed archive of `docker save`. */
export interface OpenedDockerArchive {
  readonly kind: 'docker-archive';
  readonly source: DockerArchiveSource;
  readonly archive: DockerArchive;
}

/** Archive that is compressed as a whole: its descriptions are known only after decompressing it. */
export interface OpenedCompressedArchive {
  readonly kind: 'compressed-archive';
  readonly source: DockerArchiveSource | OciSource;
  readonly archive: CompressedFile;
}

/** Directory or uncompressed archive in OCI's image layout. */
export interface OpenedLayout {
  readonly kind: 'layout';
  readonly source: OciSource;
  readonly layout: OciLayout;
}

/** Image in a registry. */
export interface OpenedRegistryImage {
  readonly kind: 'registry';
  /** Source that names the image by its digest, so that it cannot change. */
  readonly source: RegistrySource;
  readonly image: OciImage;
  readonly registry: Registry;
}

/** Image in a Docker daemon. */
export interface OpenedDaemonImage {
  readonly kind: 'docker-daemon';
  readonly source: DockerDaemonSource;
  readonly endpoint: DockerEndpoint;
  readonly image: DockerImage;
}

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
