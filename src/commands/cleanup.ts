import { hostname } from 'node:os';
import { CommandFailedError, UsageError } from '../support/errors.ts';
import { dryRunOption, jsonOption, projectArguments, withProjectOptions } from './common-options.ts';
import { defineVerb } from './verb.ts';

export const cleanup = defineVerb({
  command: 'cleanup [run]',
  summary: 'End runs and remove their jobs, servers, containers and temporary files',
  options: (yargs) =>
    withProjectOptions(yargs)
      .positional('run', {
        type: 'string',
        describe: 'Run ID or job ID; default: all runs that have ended',
      })
      .option('all', {
        type: 'boolean',
        default: false,
        describe: 'End every run of this project, including active ones',
      })
      .option('orphans', {
        type: 'boolean',
        default: false,
        describe: 'Clean up only after runs whose directories were removed, on this host',
      })
      .option('node', {
        type: 'string',
        requiresArg: true,
        describe: 'Clean up after such runs on this compute node, in a small job',
      })
      .option('dry-run', dryRunOption)
      .option('json', jsonOption)
      .example('$0 cleanup', 'Remove what ended runs left behind, for example after a crash')
      .example('$0 cleanup --all --dry-run', 'Print what ending every run would do'),
  handle: async (args, context) => {
    const { loadProject } = await import('../config/load.ts');
    const { getRun, listRuns } = await import('../run/record/run-directory.ts');
    const { cleanUpRun } = await import('../run/clean-up-run.ts');
    const { elsewhere, getRunState } = await import('../run/record/state.ts');
    if (args.all && args.run !== undefined) {
      throw new UsageError('--all and a run cannot be given together', { fix: 'leave out one of them' });
    }
    const { orphans: onlyOrphans, dryRun } = args;
    if (args.run !== undefined && (onlyOrphans || args.node !== undefined)) {
      throw new UsageError('--orphans and --node cannot be combined with a run', {
        fix: `leave out ${args.run}, or these options`,
      });
    }
    const { root, settings } = await loadProject(context, { configFile: args.config, site: args.site });
    const { cleanUpOrphans } = await import('../run/orphans/clean-up-orphans.ts');
    const onlyHost = onlyOrphans || args.node !== undefined;
    const records = onlyHost
      ? []
      : args.run === undefined
        ? await listRuns(root)
        : [await getRun(root, args.run)];
    const report: { run: string; done: string[] }[] = [];
    const failures: CommandFailedError[] = [];
    for (const record of records) {
      const { active, state, host, unreadable } = await getRunState(context, record, hostname());
      unreadable.forEach((line) => {
        context.output.warn(line);
      });
      const chosen = args.run !== undefined || args.all;
      if (!chosen && state === elsewhere) {
        context.output.info(
          `${record.id} may still be active on ${host ?? 'another node'}: hpc-gat cleanup ${record.id} ends it`,
        );
      } else if (chosen || !active) {
        try {
          const done = await cleanUpRun(context, record, { dryRun: args.dryRun, hostname: hostname() });
          report.push({ run: record.id, done });
        } catch (error) {
          if (!(error instanceof CommandFailedError)) {
            throw error;
          }
          // A node that is down must not prevent the cleanup of other runs.
          failures.push(error);
        }
      }
    }
    const orphans =
      args.run === undefined
        ? await cleanUpOrphans(context, settings, {
            dryRun,
            node: args.node,
            args: [...projectArguments(args)],
            onFailure: (error) => failures.push(error),
          })
        : [];
    const [failure, ...others] = failures;
    others.forEach(({ message }) => {
      context.output.warn(message);
    });
    orphans
      .filter(({ isLeft }) => isLeft)
      .forEach(({ done }) => {
        context.output.warn(done);
      });
    const ended = orphans.filter(({ isLeft }) => !isLeft).map(({ run, done }) => ({ run, done: [done] }));
    const lines = [...report, ...ended].flatMap(({ run, done }) => done.map((line) => `${run}: ${line}`));
    if (args.json) {
      context.output.json({ dryRun: args.dryRun, runs: report, orphans });
    } else {
      (lines.length === 0 && failure === undefined ? ['nothing to clean up'] : lines).forEach((line) => {
        context.output.result(args.dryRun && lines.length > 0 ? `would: ${line}` : line);
      });
    }
    if (failure !== undefined) {
      throw failure;
    }
    return 0;
  },
});
