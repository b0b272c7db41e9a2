import type { Context } from '../support/context.ts';
import { UsageError } from '../support/errors.ts';
import { dryRunOption, jsonOption } from './common-options.ts';
import { faults } from './lab-faults.ts';
import { open, withName } from './lab-options.ts';
import { defineVerb, missingVerb, type BindVerb } from './verb.ts';

function showPlanned(lines: readonly string[], { output }: Context): void {
  (lines.length === 0 ? ['nothing to do'] : lines.map((line) => `would: ${line}`)).forEach((line) => {
    output.result(line);
  });
}

const up = defineVerb({
  command: 'up',
  summary: 'Bring the lab up, or what is down of it',
  options: (yargs) =>
    withName(yargs)
      .option('bind', {
        type: 'string',
        array: true,
        default: [] as string[],
        describe: 'SRC:DST, read-only in every node; repeatable',
      })
      .option('lookup-cache', {
        type: 'number',
        describe: 'Seconds that the login node caches lookups, like an NFS client',
      })
      .option('fqdn', {
        type: 'boolean',
        default: false,
        describe: 'Give compute nodes fully qualified host names, unlike in Slurm',
      })
      .option('dry-run', dryRunOption)
      .example('$0 lab up', 'Some seconds; the first time a minute for its root file system')
      .example('$0 lab up --bind /data/models:/mnt/models', 'With a directory of yours on every node'),
  handle: async (args, context) => {
    const lab = await open(args, context);
    const { parseBind } = await import('../lab/lab-binds.ts');
    const { parseModes } = await import('../lab/modes.ts');
    const { labUp } = await import('../lab/up.ts');
    const binds = args.bind.map((text) => parseBind(text, context.cwd));
    const modes = parseModes(args);
    if (args.dryRun) {
      const { planUp } = await import('../lab/planned.ts');
      showPlanned(await planUp(lab), context);
      return 0;
    }
    await labUp(lab, { binds, modes });
    return 0;
  },
});

const down = defineVerb({
  command: 'down',
  summary: 'Take the lab down; homes, job history and Docker images stay',
  options: (yargs) =>
    withName(yargs)
      .option('wipe', { type: 'boolean', default: false, describe: 'Remove its files too' })
      .option('dry-run', dryRunOption)
      .example('$0 lab down', 'Up again it has the same homes')
      .example('$0 lab down --wipe', 'Nothing of it stays but the root file system'),
  handle: async (args, context) => {
    const lab = await open(args, context);
    const { wipe } = args;
    if (args.dryRun) {
      const { planDown } = await import('../lab/planned.ts');
      showPlanned(await planDown(lab, { wipe }), context);
      return 0;
    }
    const { labDown } = await import('../lab/down.ts');
    await labDown(lab, { wipe });
    return 0;
  },
});

const status = defineVerb({
  command: 'status',
  summary: 'What is up, and what Slurm says of it',
  options: (yargs) =>
    withName(yargs)
      .option('json', jsonOption)
      .example('$0 lab status', 'Nodes, their processes, the versions that came'),
  handle: async (args, context) => {
    const { getLabStatus, formatLabStatus } = await import('../lab/lab-status.ts');
    const found = await getLabStatus(await open(args, context));
    if (args.json) {
      const { name, directory, ...rest } = found;
      context.output.json({ name, folder: directory, ...rest });
    } else {
      for (const line of formatLabStatus(found)) {
        context.output.result(line);
      }
    }
    return 0;
  },
});

const exec = defineVerb({
  command: 'exec <node>',
  summary: 'Run a command in a node: hpc-gat lab exec login -- sinfo',
  options: (yargs) =>
    withName(yargs)
      .positional('node', { type: 'string', demandOption: true })
      .option('user', { type: 'string', describe: 'User: alice, bob or root [alice]' })
      .option('cwd', { type: 'string', describe: "Working directory in the lab [the user's home]" })
      .example('$0 lab exec login -- sinfo', 'As alice')
      .example('$0 lab exec gpu1 --user bob -- nvidia-smi -L', 'As somebody else, on a compute node'),
  handle: async (args, context) => {
    const command = ((args as { '--'?: unknown[] })['--'] ?? []).map(String);
    if (command.length === 0) {
      throw new UsageError('no command for the node', { fix: 'hpc-gat lab exec NODE -- COMMAND ARGUMENTS' });
    }
    const { execInteractively } = await import('../lab/exec.ts');
    const options = {
      ...(args.user !== undefined && { user: args.user }),
      ...(args.cwd !== undefined && { cwd: args.cwd }),
    };
    return await execInteractively(
      await open(args, context),
      args.node,
      command,
      options,
      process.stdin.isTTY,
    );
  },
});

/** `hpc-gat lab ACTION`: the rehearsal cluster. */
export const lab: BindVerb = (context, done) => ({
  command: 'lab',
  describe: 'A small real cluster on this machine: Slurm, Apptainer, Docker, to rehearse on',
  builder: (yargs) => {
    for (const bind of [up, exec, down, status, ...faults]) {
      yargs.command(bind(context, done));
    }
    return yargs.demandCommand(1, missingVerb);
  },
  handler: () => undefined,
});
