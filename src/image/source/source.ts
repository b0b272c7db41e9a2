import { existsSync } from 'node:fs';
import path from 'node:path';
import { UsageError } from '../../support/errors.ts';
import { archiveEnding, splitFileSelector, type FileAccess } from './file-selector.ts';
import type { Platform } from './platform.ts';

/** Source of an image, as the user names it. */
export type ImageSource =
  DockerDaemonSource | DockerArchiveSource | OciSource | RegistrySource | DefinitionSource;

interface OfPlatform {
  /** Requested platform; the platform of this host if undefined. */
  readonly platform?: Platform;
}

/** Image in a Docker daemon. */
export interface DockerDaemonSource extends OfPlatform {
  readonly kind: 'docker-daemon';
  /** `NAME:TAG`, `NAME@sha256:...` or an image id; the tag is never omitted. */
  readonly name: string;
}

/** Archive that `docker save` wrote. */
export interface DockerArchiveSource extends OfPlatform {
  readonly kind: 'docker-archive';
  /** Absolute path. */
  readonly file: string;
  /** Selects an image by `NAME:TAG`; needed if the file contains several for the platform. */
  readonly reference?: string;
  /** Selects an image by its id or the digest of its manifest, `sha256:...`. */
  readonly digest?: string;
}

/** Directory (`oci`) or tar (`oci-archive`) in OCI's image layout. */
export interface OciSource extends OfPlatform {
  readonly kind: 'oci' | 'oci-archive';
  /** Absolute path. */
  readonly file: string;
  /** Selects an image by its name in the index; needed if the layout contains several for the platform. */
  readonly tag?: string;
  /** Selects an image by the digest of its manifest or index, `sha256:...`. */
  readonly digest?: string;
}

/** Image in a registry. */
export interface RegistrySource extends OfPlatform {
  readonly kind: 'docker';
  /** `[HOST/]NAME:TAG` or `[HOST/]NAME@sha256:...`; the tag is never omitted. */
  readonly name: string;
  /** True if the registry is accessed over http. */
  readonly plainHttp?: boolean;
  /** True if the command line requests http, which permits a login over http to another machine. */
  readonly allowsPlaintextLogin?: boolean;
  /** Mirrors that are tried before the registry: `[http[s]://]HOST[:PORT][/PREFIX]`. */
  readonly mirrors?: readonly string[];
}

/** Definition file from which Apptainer builds. */
export interface DefinitionSource {
  readonly kind: 'definition';
  /** Absolute path. */
  readonly file: string;
  /** Values for the variables in it. */
  readonly buildArguments: Readonly<Record<string, string>>;
  /** Registries that are accessed over http, if the build starts from an image in one of them. */
  readonly plainHttpHosts?: readonly string[];
  /** True if the command line requests http, which permits a login over http to a registry on another machine. */
  readonly allowsPlaintextLogin?: boolean;
}

/** Form of a source for each scheme; a definition file has none. */
const formOfScheme: Readonly<Record<Exclude<ImageSource['kind'], 'definition'>, string>> = {
  'docker-daemon': 'docker-daemon:NAME[:TAG]',
  'docker-archive': 'docker-archive:FILE[:NAME:TAG]',
  oci: 'oci:DIRECTORY[:TAG]',
  'oci-archive': 'oci-archive:FILE[:TAG]',
  docker: 'docker://[HOST/]NAME[:TAG]',
};
const forms = `${Object.values(formOfScheme).join(', ')}, each also with @sha256:DIGEST; or DEFINITION.def`;
const later = ['library', 'oras'];
/**
 * Pattern of distribution/reference: components of lower-case letters and digits, with an optional host and port in
 * front.
 */
const imageName =
  /^(?:[A-Za-z0-9][\w.-]*(?::\d+)?\/)?[a-z0-9]+(?:[._/-]+[a-z0-9]+)*(?::\w[\w.-]{0,127})?(?:@sha256:[0-9a-f]{64})?$/;
/** Pattern of a whole id, or as `docker images` shows it; Docker searches for a name first. */
const imageId = /^(?:sha256:[0-9a-f]{64}|[0-9a-f]{12,64})$/;

/** Checks whether a text names a source by its scheme or is the name of a definition file. */
export function isSource(text: string): boolean {
  return Object.keys(formOfScheme).some((scheme) => text.startsWith(`${scheme}:`)) || text.endsWith('.def');
}

/**
 * Parses a source.
 *
 * @param cwd absolute directory for relative file names.
 * @param exists checks whether a file or directory exists, because its name may contain a colon.
 * @throws {UsageError} that lists the supported forms.
 */
export function parseSource(
  text: string,
  cwd: string,
  exists: (file: string) => boolean = existsSync,
): ImageSource {
  const colon = text.indexOf(':');
  const scheme = colon < 0 ? '' : text.slice(0, colon);
  // Apptainer accepts docker-daemon://NAME too.
  const rest = text.slice(colon + 1).replace(/^\/\/(?=[^/])/, '');
  switch (scheme) {
    case 'docker-daemon':
      return { kind: 'docker-daemon', name: daemonName(rest, text) };
    case 'docker-archive':
      return archive(rest, text, { cwd, exists });
    case 'oci':
    case 'oci-archive':
      return oci(scheme, rest, text, { cwd, exists });
    case 'docker':
      return { kind: 'docker', name: imageNameIn(rest, text, 'docker://[HOST/]NAME[:TAG]') };
    default:
      if (text.endsWith('.def')) {
        return { kind: 'definition', file: path.resolve(cwd, text), buildArguments: {} };
      }
      throw new UsageError(
        later.includes(scheme)
          ? `image source "${text}" is not supported yet`
          : `unknown image source "${text}"`,
        { fix: `write ${forms}` },
      );
  }
}

function daemonName(name: string, text: string): string {
  return imageId.test(name)
    ? name
    : imageNameIn(name, text, 'docker-daemon:NAME[:TAG], as `docker images` shows it');
}

function imageNameIn(name: string, text: string, form: string): string {
  if (!imageName.test(name)) {
    throw new UsageError(`"${text}" is not the name of a Docker image`, { fix: `write ${form}` });
  }
  return tagged(name);
}

function archive(rest: string, text: string, look: FileAccess): DockerArchiveSource {
  const { file, name: reference, digest } = splitFileSelector(expectFile(rest, text), look, archiveEnding);
  return {
    kind: 'docker-archive',
    file,
    ...(reference !== undefined && { reference: imageName.test(reference) ? tagged(reference) : reference }),
    ...(digest !== undefined && { digest }),
  };
}

function oci(kind: OciSource['kind'], rest: string, text: string, look: FileAccess): OciSource {
  // The name of a directory ends at the first colon, as in other tools.
  const {
    file,
    name: tag,
    digest,
  } = splitFileSelector(expectFile(rest, text), look, kind === 'oci' ? /^([^:]+):(.+)$/ : archiveEnding);
  return { kind, file, ...(tag !== undefined && { tag }), ...(digest !== undefined && { digest }) };
}

function expectFile(rest: string, text: string): string {
  if (rest === '') {
    throw new UsageError(`"${text}" names no file`, { fix: `write ${forms}` });
  }
  return rest;
}

function tagged(name: string): string {
  return name.includes('@') || /:[^:/]+$/.test(name) ? name : `${name}:latest`;
}

/** Formats a source as {@link parseSource} parses it. The result does not depend on the current directory. */
export function formatSource(source: ImageSource): string {
  switch (source.kind) {
    case 'docker-daemon':
      return `docker-daemon:${source.name}`;
    case 'docker':
      return `docker://${source.name}`;
    case 'definition':
      return source.file;
    case 'docker-archive':
      return `docker-archive:${source.file}${selectorOf(source.reference, source.digest)}`;
    case 'oci':
    case 'oci-archive':
      return `${source.kind}:${source.file}${selectorOf(source.tag, source.digest)}`;
  }
}

function selectorOf(name: string | undefined, digest: string | undefined): string {
  return `${name === undefined ? '' : `:${name}`}${digest === undefined ? '' : `@${digest}`}`;
}

/**
 * Returns the default name of the SIF, as Apptainer does: the last part of the name and the tag, `triton_24.05.sif`.
 */
export function getDefaultOutputName(source: ImageSource): string {
  const name = nameOf(source);
  const last =
    name
      .replace(/@?sha256:([0-9a-f]{12})[0-9a-f]*$/, '_$1')
      .split('/')
      .at(-1) ?? name;
  return `${last.replaceAll(/[^\w.-]+/g, '_').replace(/^_/, '')}.sif`;
}

function nameOf(source: ImageSource): string {
  if (source.kind === 'docker-daemon' || source.kind === 'docker') {
    return source.name;
  }
  const file = path.basename(source.file).replace(/\.(tar(\.\w+)?|tgz|oci|def)$/, '');
  if (source.kind === 'definition') {
    return file;
  }
  const name = source.kind === 'docker-archive' ? source.reference : source.tag;
  const digest = source.digest === undefined ? '' : `@${source.digest}`;
  // A tag is often a version, or a whole name.
  return name === undefined || source.kind === 'docker-archive' || name.includes('/')
    ? `${name ?? file}${digest}`
    : `${file}:${name}${digest}`;
}
