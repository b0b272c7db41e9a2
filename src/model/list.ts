import { readdir } from 'node:fs/promises';
import { findBackend, listServedVersions } from './backends.ts';
import { checkModel } from './check-repository.ts';
import { listMessages, getNumber, listNumbers, getText } from './config/access.ts';
import { datatypeOfConfig } from '../triton/datatypes.ts';
import type { Message } from './config/message.ts';
import { readRepository } from './repository.ts';

export interface ListedModel {
  readonly name: string;
  /** Name of the backend; empty when it is unknown. */
  readonly backend: string;
  readonly platform: string;
  readonly maxBatchSize: number;
  readonly versions: readonly number[];
  /** Versions that Triton would serve. */
  readonly served: readonly number[];
  readonly inputs: readonly ListedTensor[];
  readonly outputs: readonly ListedTensor[];
  readonly errors: number;
  readonly warnings: number;
}

export interface ListedTensor {
  readonly name: string;
  /** Type by Triton's name without prefix: "FP32". */
  readonly datatype: string;
  /** Dimensions without the batch; -1 for any size. */
  readonly dims: readonly number[];
}

/**
 * Lists the models of a repository.
 *
 * @throws {UsageError} when there is no such repository.
 */
export async function listModels(repository: string): Promise<ListedModel[]> {
  const models = await readRepository(repository);
  const siblings = await readdir(repository);
  return Promise.all(
    models.map(async (model) => {
      const { name, config, versions } = model;
      const findings = await checkModel(model, siblings);
      const errors = findings.filter(({ severity }) => severity === 'error').length;
      return {
        name,
        backend: findBackend(model)?.name ?? '',
        platform: config === undefined ? '' : getText(config, 'platform'),
        maxBatchSize: config === undefined ? 0 : getNumber(config, 'max_batch_size'),
        versions: versions.map(({ number }) => number),
        served: listServedVersions(model).map(({ number }) => number),
        inputs: config === undefined ? [] : listMessages(config, 'input').map(toListedTensor),
        outputs: config === undefined ? [] : listMessages(config, 'output').map(toListedTensor),
        errors,
        warnings: findings.length - errors,
      };
    }),
  );
}

/** Lists the models whose instance groups require a GPU (KIND_GPU). */
export async function listGpuModels(
  repository: string,
  names: readonly string[] | undefined,
): Promise<string[]> {
  const models = await readRepository(repository, names);
  return models
    .filter(
      ({ config }) =>
        config !== undefined &&
        listMessages(config, 'instance_group').some((group) => getText(group, 'kind') === 'KIND_GPU'),
    )
    .map(({ name }) => name);
}

function toListedTensor(tensor: Message): ListedTensor {
  return {
    name: getText(tensor, 'name'),
    datatype: datatypeOfConfig(getText(tensor, 'data_type')),
    dims: listNumbers(tensor, 'dims'),
  };
}

/** Formats the list: a line for each model, and one for each of its tensors. */
export function formatModels(models: readonly ListedModel[]): string[] {
  return models.length === 0 ? ['no model yet'] : models.flatMap(formatModel);
}

function formatModel(model: ListedModel): string[] {
  const { name, backend, platform, maxBatchSize, versions, served, errors, warnings } = model;
  const backendName = backend === '' ? platform || 'ensemble or unknown' : backend;
  const numbers = versions.map((number) => (served.includes(number) ? `${number}` : `(${number})`));
  const batch = maxBatchSize > 0 ? `, batches to ${maxBatchSize}` : '';
  const version = versions.length === 0 ? 'no version' : `version ${numbers.join(', ')}`;
  const tensors = [
    ...model.inputs.map((tensor) => ['input', tensor] as const),
    ...model.outputs.map((tensor) => ['output', tensor] as const),
  ];
  const width = Math.max(0, ...tensors.map(([, tensor]) => tensor.name.length));
  return [
    `${name}: ${backendName}, ${version}${batch}${formatProblems(errors, warnings)}`,
    ...tensors.map(
      ([side, tensor]) =>
        `  ${side.padEnd(6)}  ${tensor.name.padEnd(width)}  ${tensor.datatype.padEnd(6)}  [${tensor.dims.join(', ')}]`,
    ),
  ];
}

function formatProblems(errors: number, warnings: number): string {
  const parts = [formatCount(errors, 'error'), formatCount(warnings, 'warning')].filter(
    (part) => part !== '',
  );
  return parts.length === 0 ? '' : `; ${parts.join(', ')}: hpc-gat model check`;
}

function formatCount(count: number, word: string): string {
  return count === 0 ? '' : `${count} ${word}${count === 1 ? '' : 's'}`;
}
