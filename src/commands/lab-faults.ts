import type { Lab } from '../lab/open-lab.ts';
import { open, withName } from './lab-options.ts';
import { defineVerb, type BindVerb } from './verb.ts';

function nodeVerb(
  command: string,
  summary: string,
  act: (lab: Lab, node: string) => Promise<void>,
): BindVerb {
  return defineVerb({
    command: `${command} <node>`,
    summary,
    options: (yargs) =>
      withName(yargs)
        .positional('node', { type: 'string', demandOption: true, describe: 'Node, for example cpu1' })
        .example(`$0 lab ${command} cpu2`, summary),
    handle: async (args, context) => {
      await act(await open(args, context), args.node);
      return 0;
    },
  });
}

const kill = nodeVerb('kill', 'Kill all processes of a node, as a power failure does', async (lab, node) => {
  const { killNode } = await import('../lab/nodes.ts');
  await killNode(lab, node);
});

const start = nodeVerb('start', 'Start a node that was killed', async (lab, node) => {
  const { restartNode } = await import('../lab/faults.ts');
  await restartNode(lab, node);
});

const link = defineVerb({
  command: 'link <node> <state>',
  summary: 'Disconnect a node from the network, or connect it again',
  options: (yargs) =>
    withName(yargs)
      .positional('node', { type: 'string', demandOption: true, describe: 'Node, for example cpu1' })
      .positional('state', {
        choices: ['up', 'down'] as const,
        demandOption: true,
        describe: 'State of the network link',
      })
      .example('$0 lab link cpu1 down', 'Disconnect cpu1; its processes continue to run'),
  handle: async (args, context) => {
    const { setLink } = await import('../lab/network.ts');
    await setLink(await open(args, context), args.node, args.state);
    return 0;
  },
});

const gpu = defineVerb({
  command: 'gpu <node> <state>',
  summary: 'Set whether the simulated nvidia-smi of a node works',
  options: (yargs) =>
    withName(yargs)
      .positional('node', { type: 'string', demandOption: true, describe: 'Node, for example cpu1' })
      .positional('state', {
        choices: ['broken', 'ok'] as const,
        demandOption: true,
        describe: 'State of nvidia-smi',
      })
      .example('$0 lab gpu gpu1 broken', 'Simulate a GPU node without a working driver'),
  handle: async (args, context) => {
    const { setGpu } = await import('../lab/faults.ts');
    await setGpu(await open(args, context), args.node, args.state);
    return 0;
  },
});

const controller = defineVerb({
  command: 'controller <action>',
  summary: "Stop, kill or start Slurm's controller",
  options: (yargs) =>
    withName(yargs)
      .positional('action', {
        choices: ['stop', 'kill', 'start'] as const,
        demandOption: true,
        describe: 'Action on slurmctld',
      })
      .example('$0 lab controller stop', 'Stop the controller, as during a maintenance'),
  handle: async (args, context) => {
    const { setController } = await import('../lab/faults.ts');
    await setController(await open(args, context), args.action);
    return 0;
  },
});

/** Verbs that cause faults in the lab, for tests and rehearsals. */
export const faults: readonly BindVerb[] = [kill, start, link, gpu, controller];
