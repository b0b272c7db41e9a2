import type { DockerEndpoint } from '../../docker/endpoint.ts';
import type { DockerImage } from '../../docker/images.ts';
import type { Registry } from '../../registry/registry.ts';
import type { CompressedFile } from './archive-file.ts';
import type { DockerArchive } from './docker-save/docker-archive.ts';
import type { OciImage } from './oci/oci-image.ts';
import type { OciLayout } from './oci/oci-layout.ts';
import type {
  DefinitionSource,
  DockerArchiveSource,
  DockerDaemonSource,
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
