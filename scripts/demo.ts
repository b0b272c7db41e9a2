/*
 * npm run demo: runs all steps with the real verbs in its own lab, and removes everything afterwards. It imports
 * nothing of `src`, and every command can be typed by hand.
 */
import { existsSync } from 'node:fs';
import {
  alice,
  aliceTypes,
  contextInLab,
  hpcGat,
  image,
  labName,
  leakCheck,
  projectDirectory,
  script,
} from './demo/commands.ts';
import { enterOwnGroup, groupPrefix } from './demo/own-group.ts';
import { Stage, Stop, type Command } from './demo/stage.ts';
import { cacheDirectory, makeWorkplace, type Workplace } from './demo/workplace.ts';

interface LabStatus {
  readonly folder: string;
  readonly nodes: readonly { name: string; up: boolean; pid: number | null }[];
}

async function showTheWay(stage: Stage, workplace: Workplace): Promise<void> {
  const context = await stage.step(
    "What the image is made of: Debian, Python, torch, NVIDIA's tritonserver",
    script('defs/triton-cpu/build-context.sh', { capture: true }),
  );
  await stage.step(
    'A cluster on this machine: Slurm, Apptainer, Docker',
    hpcGat(['lab', 'up', '--name', labName, '--bind', `${context.trim()}:${contextInLab}`]),
  );
  const { nodes } = await labStatus(stage);
  await stage.step(
    'Leak check, before: every node',
    leakCheck(['snapshot', workplace.nodesBefore, ...nodes.map(({ name, pid }) => `${name}=${pid ?? ''}`)]),
  );
  await stage.step(
    'The project: a model repository, and the name of the site',
    aliceTypes('workstation', "cp -r /opt/hpc-gat/models . && echo 'site: lab' > hpc-gat.yaml && ls"),
  );
  await stage.step(
    "The Docker image, on alice's own machine",
    alice('workstation', ['docker', 'build', '--progress=plain', '--tag', image, contextInLab]),
  );
  await stage.step(
    'Docker image to SIF',
    alice('workstation', ['hpc-gat', 'make-sif', `docker-daemon:${image}`, '-o', 'triton.sif']),
  );
  await stage.step(
    'A batch job: Triton on a GPU node, the client test, everything ended',
    alice('login', ['hpc-gat', 'submit', '--gpu', '--wait']),
  );
  await stage.step('Where its files lie', aliceTypes('login', 'ls -d $PWD/.hpc-gat/runs/*/* | tail -n 9'));
}

async function labStatus(stage: Stage): Promise<LabStatus> {
  return JSON.parse(await stage.ask(hpcGat(['lab', 'status', '--name', labName, '--json']))) as LabStatus;
}

/**
 * Ends running jobs, then the cluster, and checks both for leaks.
 *
 * @returns 0 when nothing was left
 */
async function takeDown(stage: Stage, { nodesBefore, hostBefore }: Workplace): Promise<number> {
  const steps: [title: string, command: Command][] = [
    ['The end of the cluster', hpcGat(['lab', 'down', '--name', labName])],
    ['Leak check, after: this machine', leakCheck(['check', hostBefore, '--within', '10'])],
  ];
  if (existsSync(nodesBefore)) {
    steps.unshift(
      ['Clean-up', alice('login', ['hpc-gat', 'cleanup', '--all'])],
      ['Leak check, after: every node', leakCheck(['check', nodesBefore])],
    );
  }
  let exitCode = 0;
  for (const [title, command] of steps) {
    exitCode = (await stage.finalStep(title, command)) || exitCode;
  }
  return exitCode;
}

async function demo(stage: Stage, workplace: Workplace): Promise<number> {
  stage.print('From a Docker image to a tested model on a cluster, and back to nothing. Ctrl-C ends it.');
  const { nodes, folder: directory } = await labStatus(stage);
  if (nodes.some(({ up }) => up)) {
    const fix = `node bin/hpc-gat.js lab down --name ${labName}`;
    throw new Stop(`the lab "${labName}" is up: another demo runs, or was killed; fix: ${fix}`, 2);
  }
  await stage.step(
    'Leak check, before: this machine',
    leakCheck([
      ...['snapshot', workplace.hostBefore, '--host'],
      ...['--mark', `hpc-gat-lab-${labName}`, '--mark', groupPrefix],
      ...['--temp', workplace.temporary, '--cache', cacheDirectory(process.env)],
    ]),
  );
  const stop = await showTheWay(stage, workplace).catch(stopOf);
  const left = await takeDown(stage, workplace);
  if (stop !== undefined) {
    throw stop;
  }
  stage.print(['', 'Times', ...stage.table()].join('\n'));
  stage.print(
    left === 0 ? `\nPASS. The project is here: ${directory}${projectDirectory}` : '\nSomething was left.',
  );
  return left;
}

function stopOf(error: unknown): Stop {
  return error instanceof Stop ? error : new Stop(`this is a bug: ${String(error)}`, 70);
}

async function main(): Promise<number> {
  const leaveGroup = enterOwnGroup();
  const workplace = makeWorkplace();
  const stage = new Stage({ ...process.env, TMPDIR: workplace.temporary });
  try {
    const exitCode = await demo(stage, workplace);
    return stage.interruption ?? exitCode;
  } catch (error) {
    const { message, exitCode } = stopOf(error);
    stage.print(`\nhpc-gat demo: ${message}`);
    return exitCode;
  } finally {
    workplace.remove();
    leaveGroup?.();
  }
}

process.exitCode = await main();
