import { isatty } from 'node:tty';
import type { Argv } from 'yargs';
import type { Context } from '../support/context.ts';
import { UsageError } from '../support/errors.ts';
import type { Lab } from '../lab/lab.ts';
import { defineVerb, type BindVerb } from './verb.ts';

interface NameOption {
  name: string;
}

function withName(yargs: Argv): Argv<NameOption> {
  return yargs.option('name', {
    type: 'string',
    default: 'default',
    describe: 'which lab; several can be up',
  });
}

async function open({ name }: NameOption, context: Context): Promise<Lab> {
  const { openLab } = await import('../lab/lab.ts');
  return await openLab(context, name);
}

const up = defineVerb({
  command: 'up',
  summary: 'bring the lab up, or what is down of it',
  options: (yargs) =>
    withName(yargs).option('bind', {
      type: 'string',
      array: true,
      default: [] as string[],
      describe: 'SRC:DST, read-only in every node; repeatable',
    }),
  handle: async (args, context) => {
    const lab = await open(args, context);
    const { parseBind } = await import('../lab/binds.ts');
    const { labUp } = await import('../lab/up.ts');
    await labUp(
      lab,
      args.bind.map((text) => parseBind(text, context.cwd)),
    );
    return 0;
  },
});

const down = defineVerb({
  command: 'down',
  summary: 'take the lab down; homes, job history and Docker images stay',
  options: (yargs) =>
    withName(yargs).option('wipe', { type: 'boolean', default: false, describe: 'remove its files too' }),
  handle: async (args, context) => {
    const { labDown } = await import('../lab/down.ts');
    await labDown(await open(args, context), { wipe: args.wipe });
    return 0;
  },
});

const status = defineVerb({
  command: 'status',
  summary: 'what is up, and what Slurm says of it',
  options: (yargs) => withName(yargs).option('json', { type: 'boolean', default: false }),
  handle: async (args, context) => {
    const { labStatus, statusLines } = await import('../lab/status.ts');
    const found = await labStatus(await open(args, context));
    if (args.json) {
      context.output.json(found);
    } else {
      for (const line of statusLines(found)) {
        context.output.result(line);
      }
    }
    return 0;
  },
});

const exec = defineVerb({
  command: 'exec <node>',
  summary: 'run a command in a node: hpc-gat lab exec login -- sinfo',
  options: (yargs) =>
    withName(yargs)
      .positional('node', { type: 'string', demandOption: true })
      .option('user', { type: 'string', describe: 'alice, bob or root; alice unless told' })
      .option('cwd', { type: 'string', describe: "folder inside the lab; the user's home unless told" }),
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
    return await execInteractively(await open(args, context), args.node, command, options, isatty(0));
  },
});

function nodeVerb(
  command: string,
  summary: string,
  act: (lab: Lab, node: string) => Promise<void>,
): BindVerb {
  return defineVerb({
    command: `${command} <node>`,
    summary,
    options: (yargs) => withName(yargs).positional('node', { type: 'string', demandOption: true }),
    handle: async (args, context) => {
      await act(await open(args, context), args.node);
      return 0;
    },
  });
}

const kill = nodeVerb('kill', 'power cut of a node', async (lab, node) => {
  const { killNode } = await import('../lab/nodes.ts');
  await killNode(lab, node);
});

const start = nodeVerb('start', 'switch a node on again', async (lab, node) => {
  const { restartNode } = await import('../lab/faults.ts');
  await restartNode(lab, node);
});

const link = defineVerb({
  command: 'link <node> <state>',
  summary: 'cut the network cable of a node (down), mend it (up)',
  options: (yargs) =>
    withName(yargs)
      .positional('node', { type: 'string', demandOption: true })
      .positional('state', { choices: ['up', 'down'] as const, demandOption: true }),
  handle: async (args, context) => {
    const { setLink } = await import('../lab/network.ts');
    await setLink(await open(args, context), args.node, args.state);
    return 0;
  },
});

const gpu = defineVerb({
  command: 'gpu <node> <state>',
  summary: 'make the stand-in nvidia-smi of a node fail (broken), or work (ok)',
  options: (yargs) =>
    withName(yargs)
      .positional('node', { type: 'string', demandOption: true })
      .positional('state', { choices: ['broken', 'ok'] as const, demandOption: true }),
  handle: async (args, context) => {
    const { setGpu } = await import('../lab/faults.ts');
    await setGpu(await open(args, context), args.node, args.state);
    return 0;
  },
});

const controller = defineVerb({
  command: 'controller <action>',
  summary: "stop Slurm's controller, kill it, start it again",
  options: (yargs) =>
    withName(yargs).positional('action', {
      choices: ['stop', 'kill', 'start'] as const,
      demandOption: true,
    }),
  handle: async (args, context) => {
    const { setController } = await import('../lab/faults.ts');
    await setController(await open(args, context), args.action);
    return 0;
  },
});

/** `hpc-gat lab ACTION`: the rehearsal cluster. */
export const lab: BindVerb = (context, done) => ({
  command: 'lab',
  describe: 'a small real cluster on this machine: Slurm, Apptainer, Docker, to rehearse on',
  builder: (yargs) => {
    for (const bind of [up, exec, down, status, kill, start, link, gpu, controller]) {
      yargs.command(bind(context, done));
    }
    return yargs.demandCommand(1, 'Which action? `hpc-gat lab --help` lists them.');
  },
  handler: () => undefined,
});
