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
  summary: 'Start the lab, or the parts of it that are down',
  options: (yargs) =>
    withName(yargs)
      .option('bind', {
        type: 'string',
        array: true,
        default: [] as string[],
        describe: 'SRC:DST to mount read-only on every node; repeatable',
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
      .example('$0 lab up', 'Start the lab; the first start builds its root file system, in about a minute')
      .example(
        '$0 lab up --bind /data/models:/mnt/models',
        'Mount a directory of this machine on every node',
      ),
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
  summary: 'Stop the lab; keep homes, job history and Docker images',
  options: (yargs) =>
    withName(yargs)
      .option('wipe', { type: 'boolean', default: false, describe: 'Delete the files of the lab too' })
      .option('dry-run', dryRunOption)
      .example('$0 lab down', 'Stop the lab; the next start has the same homes')
      .example('$0 lab down --wipe', 'Stop the lab and delete everything except its root file system'),
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
  summary: 'Show the nodes of the lab and their states in Slurm',
  options: (yargs) =>
    withName(yargs)
      .option('json', jsonOption)
      .example('$0 lab status', 'Show nodes, processes and installed versions'),
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
  summary: 'Run a command on a node',
  options: (yargs) =>
    withName(yargs)
      .positional('node', { type: 'string', demandOption: true, describe: 'Node, for example login or gpu1' })
      .option('user', { type: 'string', describe: 'User: alice, bob or root [alice]' })
      .option('cwd', { type: 'string', describe: "Working directory in the lab [the user's home]" })
      .example('$0 lab exec login -- sinfo', 'Run sinfo as alice')
      .example('$0 lab exec gpu1 --user bob -- nvidia-smi -L', 'Run nvidia-smi as bob on a compute node'),
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

/** The verb `lab`, which manages the rehearsal cluster. */
export const lab: BindVerb = (context, done) => ({
  command: 'lab',
  describe: 'Manage the lab, a rehearsal cluster with Slurm, Apptainer and Docker',
  builder: (yargs) => {
    for (const bind of [up, exec, down, status, ...faults]) {
      yargs.command(bind(context, done));
    }
    return yargs.demandCommand(1, missingVerb);
  },
  handler: () => undefined,
});
