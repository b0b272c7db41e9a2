import type { IncomingMessage } from 'node:http';
import * as z from 'zod';
import type { Context } from '../support/context.ts';
import { HpcGatError, UsageError } from '../support/errors.ts';
import { findNearest } from '../support/text/suggest.ts';
import { getFromDocker, createRefusalError, streamFromDocker, type DockerAnswer } from './docker-api.ts';
import type { DockerEndpoint } from './endpoint.ts';

const strings = z
  .array(z.string())
  .nullish()
  .transform((words) => words ?? []);

const imageSchema = z.looseObject({
  Id: z.string().regex(/^sha256:[0-9a-f]{64}$/),
  RepoTags: strings,
  Architecture: z.string(),
  Os: z.string(),
  Variant: z.string().optional(),
  /** Digests of the uncompressed layers, the lowest first. */
  RootFS: z.looseObject({ Layers: strings }).nullish(),
  /** Size of the unpacked layers in bytes. */
  Size: z.int().nonnegative(),
  Config: z
    .looseObject({
      Env: strings,
      Entrypoint: strings,
      Cmd: strings,
      Labels: z
        .record(z.string(), z.string())
        .nullish()
        .transform((labels) => labels ?? {}),
    })
    .nullish(),
});

/** Platform as the daemon's API expects it, with OCI's names. */
export interface DockerPlatform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string | undefined;
}

export type DockerImage = z.output<typeof imageSchema> & {
  /** Platform of this image, if the name refers to images for several platforms, which share the id. */
  readonly platform?: DockerPlatform;
};

/**
 * Inspects an image by its name, `NAME[:TAG]`, or its id.
 *
 * @param platform requested platform, if the daemon has several images under this name (with containerd's image
 *   store). The result may be for another platform nevertheless.
 * @throws {UsageError} if there is no such image, with the closest name.
 * @throws {MissingToolError} {HpcGatError} as {@link getFromDocker}.
 */
export async function inspectImage(
  endpoint: DockerEndpoint,
  name: string,
  signal: Context['signal'],
  platform?: DockerPlatform,
): Promise<DockerImage> {
  // The slashes of a name are not encoded in the path; all other special characters are.
  const path = `/images/${name.split('/').map(encodeURIComponent).join('/')}/json`;
  const answer = await getFromDocker(endpoint, path, signal);
  if (answer.status === 404) {
    throw await noSuchImage(endpoint, name, signal);
  }
  const image = imageSchema.safeParse(expectOk(answer, endpoint));
  if (!image.success) {
    throw new HpcGatError(`the Docker daemon at ${endpoint.url} describes ${name} in an unknown format`, {
      fix: `convert a saved image instead: \`docker save -o image.tar ${name}\`, then docker-archive:image.tar`,
      cause: image.error,
    });
  }
  return platform === undefined || isFor(image.data, platform)
    ? image.data
    : ofPlatform(image.data, platform, await getFromDocker(endpoint, `${path}?${queryOf(platform)}`, signal));
}

function isFor({ Architecture, Variant = '' }: DockerImage, { architecture, variant = '' }: DockerPlatform) {
  return Architecture === architecture && (variant === '' || Variant === variant);
}

/**
 * Selects the image for a platform. A daemon before API 1.49 ignores the parameter, and one without such an image
 * refuses.
 */
function ofPlatform(
  image: DockerImage,
  platform: DockerPlatform,
  { status, body }: DockerAnswer,
): DockerImage {
  const found = imageSchema.safeParse(status === 200 ? body : undefined).data;
  return found === undefined || found.Id === image.Id ? image : { ...found, Id: image.Id, platform };
}

function queryOf(platform: DockerPlatform): string {
  return `platform=${encodeURIComponent(JSON.stringify(platform))}`;
}

/**
 * Streams an image like `docker save`, as a tar that is not stored; the order of its files depends on the daemon.
 *
 * @param image result of {@link inspectImage}.
 * @throws {MissingToolError} {HpcGatError} as {@link streamFromDocker}.
 */
export async function saveImage(
  endpoint: DockerEndpoint,
  { Id, platform }: DockerImage,
  signal: Context['signal'],
): Promise<IncomingMessage> {
  const query = platform === undefined ? '' : `?${queryOf(platform)}`;
  return streamFromDocker(endpoint, `/images/${Id}/get${query}`, signal);
}

const listSchema = z.array(z.looseObject({ RepoTags: strings }));

async function noSuchImage(endpoint: DockerEndpoint, name: string, signal: AbortSignal): Promise<UsageError> {
  const list = listSchema.safeParse(
    expectOk(await getFromDocker(endpoint, '/images/json', signal), endpoint),
  );
  const names = (list.data ?? [])
    .flatMap(({ RepoTags }) => RepoTags)
    .filter((tag) => tag !== '<none>:<none>');
  const meant =
    findNearest(name, names) ?? findNearest(`${name}:latest`, names) ?? sameRepository(name, names);
  const some = names.slice(0, 10).join(', ') + (names.length > 10 ? ', ...' : '');
  return new UsageError(`the Docker daemon at ${endpoint.url} has no image ${name}`, {
    fix:
      meant !== undefined
        ? `did you mean docker-daemon:${meant}?`
        : names.length > 0
          ? `it has: ${some}`
          : 'it has no images: build, pull or load one, or set DOCKER_HOST to another daemon',
  });
}

function sameRepository(name: string, names: readonly string[]): string | undefined {
  const repository = name.replace(/:[^:/]*$/, '');
  return names.find((tag) => tag.startsWith(`${repository}:`));
}

function expectOk(answer: DockerAnswer, endpoint: DockerEndpoint): unknown {
  if (answer.status === 200) {
    return answer.body;
  }
  throw createRefusalError(answer, endpoint);
}
