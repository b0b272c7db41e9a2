import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { hashBytes } from '../../../support/files/digest.ts';
import { getErrorMessage, UsageError } from '../../../support/errors.ts';
import { parseSource, type ImageSource, type DefinitionSource } from '../../source/source.ts';
import { isOnThisMachine, isReachedOverHttp, markPlainHttp } from '../../source/plain-http.ts';
import { listInputs } from './inputs.ts';
import { parseDefinition, type DefinitionStage } from './parse-definition.ts';

/** Properties that distinguish two states of a definition file. */
export interface DefinitionIdentity {
  readonly kind: 'recipe';
  readonly recipeSha256: string;
  /** Digest of its arguments, of its bases and of the files that it copies. */
  readonly inputsSha256: string;
  /** Inputs whose state is unknown before the build; empty if there are none. */
  readonly unknown: readonly string[];
}

export interface IdentifiedDefinition {
  readonly identity: DefinitionIdentity;
  /** Bytes of the layers of its bases, as far as they are known. */
  readonly layersBytes: number;
}

/** Identifies the current state of a base. */
type IdentifyBase = (source: ImageSource) => Promise<{ identity: object; layersBytes: number }>;

/**
 * Identifies the current state of a definition file.
 *
 * @throws {UsageError} if the definition file cannot be read, or if a file that it names does not exist.
 */
export async function identifyDefinition(
  { file, buildArguments, plainHttpHosts = [], allowsPlaintextLogin = false }: DefinitionSource,
  identifyBase: IdentifyBase,
): Promise<IdentifiedDefinition> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new UsageError(`cannot read the definition file ${file}: ${getErrorMessage(error)}`, {
      fix: 'name a definition file that you can read',
      cause: error,
    });
  });
  const directory = path.dirname(file);
  const { stages, files, hasSetup } = parseDefinition(text, buildArguments);
  if (stages.length === 0) {
    throw new UsageError(`${file} is not a definition file of Apptainer: it has no line with Bootstrap:`, {
      fix: 'see https://apptainer.org/docs/user/latest/definition_files.html',
    });
  }
  const identifyStage: IdentifyBase = (source) =>
    identifyBase(markPlainHttp(source, plainHttpHosts, allowsPlaintextLogin));
  const unknown = hasSetup ? ['its %setup runs commands on this host'] : [];
  const inputs: unknown[] = [];
  let layersBytes = 0;
  for (const stage of stages) {
    const base = await lookAtBase(stage, directory, identifyStage);
    if (base === undefined) {
      unknown.push(`the state of Bootstrap: ${stage.bootstrap} is unknown before the build`);
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
  const identity: DefinitionIdentity = {
    kind: 'recipe',
    recipeSha256: hashBytes(text),
    inputsSha256: hashBytes(JSON.stringify(inputs)),
    unknown,
  };
  return { identity, layersBytes };
}

/** Access of Apptainer to the registries of a definition file, which share one setting. */
export interface RegistryReach {
  /** True if at least one of them is accessed over http. */
  readonly plainHttp: boolean;
  /** True if Apptainer receives the user's logins, which it also sends over http. */
  readonly withLogins: boolean;
}

export async function getRegistryReach({
  file,
  buildArguments,
  plainHttpHosts = [],
  allowsPlaintextLogin = false,
}: DefinitionSource): Promise<RegistryReach> {
  const { stages } = parseDefinition(await readFile(file, 'utf8'), buildArguments);
  const images = stages.filter(({ bootstrap }) => bootstrap === 'docker').map(({ from }) => from);
  const plainHttp = images.some((name) => isReachedOverHttp(name, plainHttpHosts));
  return { plainHttp, withLogins: !plainHttp || allowsPlaintextLogin || images.every(isOnThisMachine) };
}

/** Returns undefined for a bootstrap agent that installs packages. */
async function lookAtBase(
  { bootstrap, from }: DefinitionStage,
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
