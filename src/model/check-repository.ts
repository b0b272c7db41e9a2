import { readdir } from 'node:fs/promises';
import { findBackend, isEnsemble, isTorchPython } from './backends.ts';
import type { Message } from './config/message.ts';
import { recentFields } from '../triton/model-config.ts';
import { checkEnsemble } from './check/ensemble.ts';
import { checkLinks, type ContainerView, existsOnlyInContainer, repositoryOnly } from './check/links.ts';
import { checkModelFiles } from './check/model-file.ts';
import { checkNamedFiles } from './check/named-files.ts';
import { checkNames } from './check/names.ts';
import { checkPytorch } from './check/pytorch.ts';
import { checkScheduling } from './check/scheduling.ts';
import { checkTensors } from './check/tensors.ts';
import { checkVersions } from './check/versions.ts';
import { checkWorkload } from './check/workload-file.ts';
import { type Finding, createReporter, type Reporter } from './finding.ts';
import { type ModelDirectory, readRepository } from './repository.ts';

/**
 * Finds mistakes in a model repository that Triton would report only when the job runs, or not at all.
 * Nothing in the repository is executed.
 *
 * @param names models to check; all by default
 * @param view mounts of the server's container besides the repository
 * @throws {UsageError} when there is no such repository or model.
 */
export async function checkRepository(
  repository: string,
  names?: readonly string[],
  view: ContainerView = repositoryOnly,
): Promise<Finding[]> {
  const models = await readRepository(repository, names);
  const siblings = await readdir(repository);
  const links = await checkLinks(repository, names, view);
  const findings: Finding[] = [...links];
  for (const finding of (await Promise.all(models.map((model) => checkModel(model, siblings)))).flat()) {
    if (!isCausedByLink(finding, links) && !(await existsOnlyInContainer(repository, finding.file, view))) {
      findings.push(finding);
    }
  }
  return findings;
}

/** Returns whether a finding only repeats that the target of a reported link is missing. */
function isCausedByLink({ file }: Finding, links: readonly Finding[]): boolean {
  return links.some((link) => file === link.file || file.startsWith(`${link.file}/`));
}

/**
 * Checks one model.
 *
 * @param siblings names of the models that an ensemble may consist of
 */
export async function checkModel(model: ModelDirectory, siblings: readonly string[]): Promise<Finding[]> {
  const findings: Finding[] = [];
  const report = createReporter(model.name, model.configFile, findings);
  const { config } = model;
  for (const { position, what, fix } of model.faults) {
    report.error(position, what, fix);
  }
  checkVersions(model, report);
  const backend = findBackend(model);
  if (!model.hasConfig) {
    checkMissingConfig(model, backend?.name, report);
  } else if (config !== undefined && model.faults.length === 0) {
    checkNames(model, backend, report);
    checkTensors(config, 'input', report);
    checkTensors(config, 'output', report);
    checkScheduling(config, report);
    warnOfRecentFields(config, report);
    await checkNamedFiles(model.directory, config, report);
  }
  if (isEnsemble(model) && config !== undefined) {
    checkEnsemble(config, siblings, report);
  } else if (backend !== undefined) {
    const args = await checkModelFiles(model, backend, report);
    const isTorchScript = backend.name === 'pytorch' && !isTorchPython(model, backend);
    if (isTorchScript && config !== undefined && model.faults.length === 0) {
      checkPytorch(config, args, report);
    }
  }
  return [...findings, ...(await checkWorkload(model))];
}

function warnOfRecentFields(message: Message, report: Reporter): void {
  for (const [field, values] of message.fields) {
    for (const { value, position } of values) {
      if (recentFields.has(`${message.type}.${field}`)) {
        report.warning(
          position,
          `Triton 2.51 and older do not support ${field}`,
          'remove it for such an image',
        );
      }
      if (typeof value === 'object') {
        warnOfRecentFields(value, report);
      }
    }
  }
}

function checkMissingConfig(
  { directory }: ModelDirectory,
  backend: string | undefined,
  report: Reporter,
): void {
  const fix = 'write one: name, platform or backend, input and output';
  if (backend !== undefined && backend !== 'pytorch') {
    report.warning(directory, 'there is no config.pbtxt: Triton derives one from the model', fix);
  } else {
    report.error(directory, 'there is no config.pbtxt', fix);
  }
}
