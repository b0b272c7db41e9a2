import path from 'node:path';
import type { Argv } from 'yargs';
import type { ContainerView } from '../model/check/links.ts';
import type { Context } from '../support/context.ts';
import { UsageError } from '../support/errors.ts';
import { dryRunOption, jsonOption, modelsOption } from './common-options.ts';
import { defineVerb, missingVerb, type BindVerb } from './verb.ts';

function withRepository<T>(yargs: Argv<T>) {
  return yargs.option('models', { ...modelsOption, requiresArg: true });
}

/** Returns the absolute path of the model repository. */
async function repositoryOf(context: Context, models: string | undefined): Promise<string> {
  if (models !== undefined) {
    return path.resolve(context.cwd, models);
  }
  const { loadProject } = await import('../config/load.ts');
  const { root, settings } = await loadProject(context);
  return path.resolve(root, settings.model.repository);
}

const list = defineVerb({
  command: 'list',
  summary: 'List models with backend, versions, inputs, outputs and problems',
  options: (yargs) =>
    withRepository(yargs)
      .option('json', jsonOption)
      .example('$0 model list --models models', 'List the models of the directory models'),
  handle: async (args, context) => {
    const { formatModels, listModels } = await import('../model/list.ts');
    const models = await listModels(await repositoryOf(context, args.models));
    if (args.json) {
      context.output.json(models);
    } else {
      formatModels(models).forEach((line) => {
        context.output.result(line);
      });
    }
    return 0;
  },
});

const check = defineVerb({
  command: 'check [name]',
  summary: 'Check models for errors that Triton would report only in the job',
  options: (yargs) =>
    withRepository(yargs)
      .positional('name', { type: 'string', describe: 'Model name [all models]' })
      .option('json', jsonOption)
      .example('$0 model check', 'Check all models of the project')
      .example('$0 model check gat_test --models models', 'Check one model of the directory models'),
  handle: async (args, context) => {
    const { checkRepository } = await import('../model/check-repository.ts');
    const { formatFindings, countSeverities } = await import('../model/check-report.ts');
    const { loadBinds } = await import('../run/plan/bind-plan.ts');
    const repository = await repositoryOf(context, args.models);
    const names = args.name === undefined ? undefined : [args.name];
    const view: ContainerView = { mounts: await loadBinds(context), possible: [context.cwd] };
    const findings = await checkRepository(repository, names, view);
    const counts = countSeverities(findings);
    if (args.json) {
      context.output.json({ repository, ...counts, findings });
    } else {
      formatFindings(findings, context.cwd).forEach((line) => {
        context.output.result(line);
      });
    }
    return counts.errors > 0 ? 1 : 0;
  },
});

const add = defineVerb({
  command: 'add <name> <file>',
  summary: 'Add a TorchScript, ONNX, TensorRT or Python model to the repository',
  options: (yargs) =>
    withRepository(yargs)
      .positional('name', { type: 'string', demandOption: true, describe: 'Model name' })
      .positional('file', {
        type: 'string',
        demandOption: true,
        describe: 'Model file: .pt, .onnx, .plan or .py',
      })
      .option('config', {
        type: 'string',
        requiresArg: true,
        describe: 'Configuration file config.pbtxt [beside FILE, else that of the model]',
      })
      .option('replace', {
        type: 'boolean',
        default: false,
        describe: 'Replace the newest version instead of adding one',
      })
      .option('dry-run', dryRunOption)
      .option('json', jsonOption)
      .example('$0 model add resnet model.pt --config resnet.pbtxt', 'Add a TorchScript model'),
  handle: async ({ name, file, config, replace, dryRun, json, models }, { output, ...context }) => {
    if (!/^[\w-][\w.-]*$/.test(name)) {
      throw new UsageError(`"${name}" cannot be the name of a model`, {
        fix: 'use letters, digits, dot, dash and underscore',
      });
    }
    const { addModel } = await import('../model/add-model.ts');
    const { formatFinding, shortenPath } = await import('../model/finding.ts');
    const added = await addModel({
      repository: await repositoryOf({ ...context, output }, models),
      name,
      file: path.resolve(context.cwd, file),
      configFile: config === undefined ? undefined : path.resolve(context.cwd, config),
      replace,
      dryRun,
    });
    const { warnings } = added;
    warnings
      .flatMap((finding) => formatFinding(finding, context.cwd))
      .forEach((line) => {
        output.info(line);
      });
    if (json) {
      output.json({ name, dryRun, ...added });
    } else {
      output.result(
        `${dryRun ? 'would add' : 'added'} ${name}, version ${added.version}: ${shortenPath(added.file, context.cwd)}`,
      );
    }
    return 0;
  },
});

/** The verb `model`, which manages the model repository. */
export const model: BindVerb = (context, done) => ({
  command: 'model',
  describe: 'List, check or add models of the model repository',
  builder: (yargs) => {
    for (const bind of [list, check, add]) {
      yargs.command(bind(context, done));
    }
    return yargs.demandCommand(1, missingVerb);
  },
  handler: () => undefined,
});
