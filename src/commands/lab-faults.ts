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
        .positional('node', { type: 'string', demandOption: true })
        .example(`$0 lab ${command} cpu2`, summary),
    handle: async (args, context) => {
      await act(await open(args, context), args.node);
      return 0;
    },
  });
}

const kill = nodeVerb('kill', 'Cut the power of a node', async (lab, node) => {
  const { killNode } = await import('../lab/nodes.ts');
  await killNode(lab, node);
});

const start = nodeVerb('start', 'Switch a node on again', async (lab, node) => {
  const { restartNode } = await import('../lab/faults.ts');
  await restartNode(lab, node);
});

const link = defineVerb({
  command: 'link <node> <state>',
  summary: 'Cut the network cable of a node (down), mend it (up)',
  options: (yargs) =>
    withName(yargs)
      .positional('node', { type: 'string', demandOption: true })
      .positional('state', { choices: ['up', 'down'] as const, demandOption: true })
      .example('$0 lab link cpu1 down', 'The node goes on; nobody reaches it'),
  handle: async (args, context) => {
    const { setLink } = await import('../lab/network.ts');
    await setLink(await open(args, context), args.node, args.state);
    return 0;
  },
});

const gpu = defineVerb({
  command: 'gpu <node> <state>',
  summary: 'Make the stand-in nvidia-smi of a node fail (broken), or work (ok)',
  options: (yargs) =>
    withName(yargs)
      .positional('node', { type: 'string', demandOption: true })
      .positional('state', { choices: ['broken', 'ok'] as const, demandOption: true })
      .example('$0 lab gpu gpu1 broken', 'What `submit --gpu` says of a node without a driver'),
  handle: async (args, context) => {
    const { setGpu } = await import('../lab/faults.ts');
    await setGpu(await open(args, context), args.node, args.state);
    return 0;
  },
});

const controller = defineVerb({
  command: 'controller <action>',
  summary: "Stop Slurm's controller, kill it, start it again",
  options: (yargs) =>
    withName(yargs)
      .positional('action', {
        choices: ['stop', 'kill', 'start'] as const,
        demandOption: true,
      })
      .example('$0 lab controller stop', 'As in a maintenance: nothing answers until `start`'),
  handle: async (args, context) => {
    const { setController } = await import('../lab/faults.ts');
    await setController(await open(args, context), args.action);
    return 0;
  },
});

/** What hurts the lab, for tests and rehearsals. */
export const faults: readonly BindVerb[] = [kill, start, link, gpu, controller];
