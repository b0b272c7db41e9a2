import { hostname } from 'node:os';
import path from 'node:path';
import { UsageError } from '../support/errors.ts';
import { dryRunOption, jsonOption, withProjectOptions } from './common-options.ts';
import { defineVerb } from './verb.ts';

export const endpoints = defineVerb({
  command: 'endpoints [run]',
  summary: 'List the running servers of this project, or export a client bundle',
  options: (yargs) =>
    withProjectOptions(yargs)
      .positional('run', {
        type: 'string',
        describe: 'Run ID or job ID; default: list all servers',
      })
      .option('export', {
        type: 'string',
        requiresArg: true,
        describe: 'New directory for the address, client keys and instructions',
      })
      .option('dry-run', dryRunOption)
      .option('json', jsonOption)
      .example('$0 endpoints', 'List address, model, job and remaining time of each server')
      .example('$0 endpoints 4711', 'Print how to connect to the server of job 4711')
      .example('$0 endpoints --export for-bob', 'Write a directory with which bob can use the newest server'),
  handle: async (args, context) => {
    const { loadProject } = await import('../config/load.ts');
    const { formatEndpoints, getEndpoint, formatInstructions, listEndpoints } =
      await import('../run/list-endpoints.ts');
    if (args.dryRun && args.export === undefined) {
      throw new UsageError('--dry-run needs --export', {
        fix: 'leave --dry-run out: listing changes nothing',
      });
    }
    const { root } = await loadProject(context, { configFile: args.config, site: args.site });
    const { output, cwd } = context;
    if (args.export !== undefined) {
      const { exportBundle } = await import('../run/bundle.ts');
      const served = await getEndpoint(context, root, { run: args.run, hostname: hostname() });
      const directory = path.resolve(cwd, args.export);
      const files = await exportBundle(served, directory, { dryRun: args.dryRun });
      if (args.json) {
        output.json({ dryRun: args.dryRun, run: served.run, folder: directory, files });
      } else {
        output.result(`${args.dryRun ? 'would write' : 'wrote'} ${directory}: ${files.join(', ')}`);
        output.info(
          'this directory gives access to the server: send it only over a channel that others cannot read',
        );
      }
      return 0;
    }
    const { served, awaited } =
      args.run === undefined
        ? await listEndpoints(context, root, hostname())
        : {
            served: [await getEndpoint(context, root, { run: args.run, hostname: hostname() })],
            awaited: [],
          };
    awaited.forEach((run) => {
      output.info(`run ${run} is not ready yet: hpc-gat status ${run}`);
    });
    if (args.json) {
      output.json(served);
      return 0;
    }
    const lines = args.run === undefined ? formatEndpoints(served) : served.flatMap(formatInstructions);
    lines.forEach((line) => {
      output.result(line);
    });
    if (args.run === undefined && served.length > 0) {
      output.info('to print how to connect: hpc-gat endpoints RUN');
    }
    return 0;
  },
});
