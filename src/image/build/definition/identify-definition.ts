import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { hashBytes } from '../../../support/files/digest.ts';
import { getErrorMessage, UsageError } from '../../../support/errors.ts';
import { parseSource, type ImageSource, type RecipeSource } from '../../source/source.ts';
import { isOnThisMachine, isReachedOverHttp, withPlainHttp } from '../../source/plain-http.ts';
import { listInputs } from './inputs.ts';
import { parseRecipe, type RecipeStage } from './parse-definition.ts';

/** What tells one state of a recipe from another. */
export interface RecipeIdentity {
  readonly kind: 'recipe';
  readonly recipeSha256: string;
  /** Of its arguments, of what its headers start from and of the files that it copies. */
  readonly inputsSha256: string;
  /** What it is made of besides and nobody can look at beforehand; empty when there is nothing of that kind. */
  readonly unknown: readonly string[];
}

export interface IdentifiedRecipe {
  readonly identity: RecipeIdentity;
  /** Bytes of the layers that it starts from, as far as they are known. */
  readonly layersBytes: number;
}

/** What a base is now, as an image of its own would be identified. */
type IdentifyBase = (source: ImageSource) => Promise<{ identity: object; layersBytes: number }>;

/**
 * @throws {UsageError} for a recipe that cannot be read, and for a file it names that is not there.
 */
export async function identifyRecipe(
  { file, buildArguments, plainHttpHosts = [], allowsPlaintextLogin = false }: RecipeSource,
  identifyBase: IdentifyBase,
): Promise<IdentifiedRecipe> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new UsageError(`cannot read the recipe ${file}: ${getErrorMessage(error)}`, {
      fix: 'name a definition file of Apptainer that you may read',
      cause: error,
    });
  });
  const directory = path.dirname(file);
  const { stages, files, hasSetup } = parseRecipe(text, buildArguments);
  if (stages.length === 0) {
    throw new UsageError(`${file} is no recipe of Apptainer: it has no line with Bootstrap:`, {
      fix: 'see https://apptainer.org/docs/user/latest/definition_files.html',
    });
  }
  const identifyStage: IdentifyBase = (source) =>
    identifyBase(withPlainHttp(source, plainHttpHosts, allowsPlaintextLogin));
  const unknown = hasSetup ? ['its %setup runs commands on this host'] : [];
  const inputs: unknown[] = [];
  let layersBytes = 0;
  for (const stage of stages) {
    const base = await lookAtBase(stage, directory, identifyStage);
    if (base === undefined) {
      unknown.push(`Bootstrap: ${stage.bootstrap} cannot be looked at beforehand`);
    } else {
      inputs.push(base.identity);
      layersBytes += base.layersBytes;
    }
  }
  const [plain, odd] = [
    files.filter((name) => !/[$`\\]/.test(name)),
    files.filter((name) => /[$`\\]/.test(name)),
  ];
  unknown.push(...odd.map((name) => `%files names ${name}`));
  inputs.push(Object.entries(buildArguments).sort(), await listInputs(plain, directory));
  const identity: RecipeIdentity = {
    kind: 'recipe',
    recipeSha256: hashBytes(text),
    inputsSha256: hashBytes(JSON.stringify(inputs)),
    unknown,
  };
  return { identity, layersBytes };
}

/** Access of Apptainer to the registries of a definition file, which share one setting. */
export interface RegistryReach {
  /** Whether at least one of them is accessed over http. */
  readonly plainHttp: boolean;
  /** Whether Apptainer receives the user's logins, which it also sends over http. */
  readonly withLogins: boolean;
}

export async function registryReachOf({
  file,
  buildArguments,
  plainHttpHosts = [],
  allowsPlaintextLogin = false,
}: RecipeSource): Promise<RegistryReach> {
  const { stages } = parseRecipe(await readFile(file, 'utf8'), buildArguments);
  const images = stages.filter(({ bootstrap }) => bootstrap === 'docker').map(({ from }) => from);
  const plainHttp = images.some((name) => isReachedOverHttp(name, plainHttpHosts));
  return { plainHttp, withLogins: !plainHttp || allowsPlaintextLogin || images.every(isOnThisMachine) };
}

/** Undefined for an agent that installs from somewhere. */
async function lookAtBase(
  { bootstrap, from }: RecipeStage,
  directory: string,
  identifyBase: IdentifyBase,
): Promise<{ identity: object; layersBytes: number } | undefined> {
  switch (bootstrap) {
    case 'scratch':
      return { identity: { kind: bootstrap }, layersBytes: 0 };
    case 'localimage':
      return { identity: await listInputs([from], directory), layersBytes: 0 };
    case 'docker':
    case 'docker-daemon':
    case 'docker-archive':
    case 'oci':
    case 'oci-archive':
      return from.includes('{{') ? undefined : identifyBase(parseSource(`${bootstrap}:${from}`, directory));
    default:
      return undefined;
  }
}
