import path from 'node:path';
import type { Project } from '../../config/load.ts';
import { UsageError } from '../../support/errors.ts';
import type { RunPlan } from './run-plan.ts';

/**
 * Plans the models that a run waits for and tests, each with its workload, and the arguments that limit the
 * server to these.
 *
 * @throws {UsageError} when one of them would not be served, or several models share one workload.
 */
export function planModels({ settings, root }: Project): Pick<RunPlan, 'models'> & {
  serverArguments: string[];
} {
  const { name, workload, serve } = settings.model;
  const repository = path.resolve(root, settings.model.repository);
  const names = [...new Set([name].flat())];
  const unserved = names.find((model) => serve?.includes(model) === false);
  if (unserved !== undefined) {
    throw new UsageError(`model ${unserved} would be tested, but is not in model.serve`, {
      fix: 'name it there too, or leave model.serve out to serve all',
    });
  }
  if (workload !== undefined && names.length > 1) {
    throw new UsageError('model.workload is for one model, but model.name has several', {
      fix: "leave it out: each model's directory has its own workload.yaml",
    });
  }
  return {
    models: names.map((model) => ({
      name: model,
      workload:
        workload === undefined ? path.join(repository, model, 'workload.yaml') : path.resolve(root, workload),
    })),
    serverArguments:
      serve === undefined
        ? []
        : ['--model-control-mode=explicit', ...serve.map((model) => `--load-model=${model}`)],
  };
}
