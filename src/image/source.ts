import path from 'node:path';
import { UsageError } from '../support/errors.ts';

/** Where an image comes from, as the user names it. */
export type ImageSource = DockerDaemonSource | DockerArchiveSource;

/** An image in a Docker daemon. */
export interface DockerDaemonSource {
  readonly kind: 'docker-daemon';
  /** `NAME:TAG`, `NAME@sha256:...` or an image id, never without one of them. */
  readonly name: string;
}

/** A file as `docker save` writes it. */
export interface DockerArchiveSource {
  readonly kind: 'docker-archive';
  /** Absolute. */
  readonly file: string;
  /** Which of its images, `NAME:TAG`; needed when it holds several. */
  readonly reference?: string;
}

const forms = 'docker-daemon:NAME[:TAG] or docker-archive:FILE[:NAME:TAG]';
const later = ['oci', 'oci-archive', 'docker', 'library', 'oras'];
/** distribution/reference: components of small letters and digits, an optional host with port in front. */
const imageName =
  /^(?:[A-Za-z0-9][\w.-]*(?::\d+)?\/)?[a-z0-9]+(?:[._/-]+[a-z0-9]+)*(?::\w[\w.-]{0,127})?(?:@sha256:[0-9a-f]{64})?$/;
const imageId = /^sha256:[0-9a-f]{64}$/;

/**
 * @param cwd absolute folder for relative file names.
 * @throws {UsageError} that names the forms that are understood.
 */
export function parseSource(text: string, cwd: string): ImageSource {
  const colon = text.indexOf(':');
  const scheme = colon < 0 ? '' : text.slice(0, colon);
  // Apptainer writes docker-daemon://NAME too.
  const rest = text.slice(colon + 1).replace(/^\/\/(?=[^/])/, '');
  switch (scheme) {
    case 'docker-daemon':
      return { kind: 'docker-daemon', name: daemonName(rest, text) };
    case 'docker-archive':
      return archive(rest, text, cwd);
    default:
      throw new UsageError(
        later.includes(scheme) || text.endsWith('.def')
          ? `hpc-gat cannot convert ${text} yet`
          : `not the source of an image: ${text}`,
        { fix: `name ${forms}` },
      );
  }
}

function daemonName(name: string, text: string): string {
  if (imageId.test(name)) {
    return name;
  }
  if (!imageName.test(name)) {
    throw new UsageError(`not the name of a Docker image: ${text}`, {
      fix: 'write docker-daemon:NAME[:TAG], as `docker images` shows it',
    });
  }
  return tagged(name);
}

function archive(rest: string, text: string, cwd: string): DockerArchiveSource {
  if (rest === '') {
    throw new UsageError(`no file is named in ${text}`, { fix: `name ${forms}` });
  }
  // A file name may hold colons too: what follows the ending is a reference only when it looks like one.
  const [, file, reference] = /^(.+?\.(?:tar|tgz|tar\.\w+|docker|img|image)):(.+)$/.exec(rest) ?? [];
  if (file === undefined || reference === undefined || !imageName.test(reference)) {
    return { kind: 'docker-archive', file: path.resolve(cwd, rest) };
  }
  return { kind: 'docker-archive', file: path.resolve(cwd, file), reference: tagged(reference) };
}

function tagged(name: string): string {
  return name.includes('@') || /:[^:/]+$/.test(name) ? name : `${name}:latest`;
}

/** The form that {@link parseSource} reads; the same for the same source wherever it is asked from. */
export function formatSource(source: ImageSource): string {
  if (source.kind === 'docker-daemon') {
    return `docker-daemon:${source.name}`;
  }
  return `docker-archive:${source.file}${source.reference === undefined ? '' : `:${source.reference}`}`;
}

/** As Apptainer names it: the last part of the name and the tag, `triton_24.05.sif`. */
export function defaultOutputName(source: ImageSource): string {
  const name =
    source.kind === 'docker-daemon'
      ? source.name
      : (source.reference ?? path.basename(source.file).replace(/\.(tar(\.\w+)?|tgz)$/, ''));
  const last =
    name
      .replace(/@?sha256:([0-9a-f]{12})[0-9a-f]*$/, '_$1')
      .split('/')
      .at(-1) ?? name;
  return `${last.replaceAll(/[^\w.-]+/g, '_').replace(/^_/, '')}.sif`;
}
