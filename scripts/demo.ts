/*
 * npm run demo: the whole way by the real verbs, in a lab of its own, and back to nothing. It uses nothing of `src`;
 * what it runs, one can type.
 */
import { alice, contextInLab, hpcGat, image, labName, look, projectFolder, script } from './demo/commands.ts';
import { enterOwnGroup, groupPrefix } from './demo/own-group.ts';
import { Stage, Stop } from './demo/stage.ts';
import { cacheFolder, makeWorkplace, type Workplace } from './demo/workplace.ts';

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
  const { nodes, folder } = await labStatus(stage);
  await stage.step(
    'The look from outside, before: what is on every node',
    look(['snapshot', workplace.nodesBefore, ...nodes.map(({ name, pid }) => `${name}=${pid ?? ''}`)]),
  );
  await stage.step(
    'The project: a model repository, and the name of the site',
    alice('workstation', "cp -r /opt/hpc-gat/models . && echo 'site: lab' > hpc-gat.yaml && ls"),
  );
  await stage.step(
    "The Docker image, on alice's own machine",
    alice('workstation', `docker build --progress=plain --tag ${image} ${contextInLab}`),
  );
  await stage.step(
    'Docker image to SIF',
    alice('workstation', `hpc-gat make-sif docker-daemon:${image} -o triton.sif`),
  );
  await stage.step(
    'A batch job: Triton on a GPU node, the client test, everything ended',
    alice('login', 'hpc-gat submit --gpu --wait'),
  );
  await stage.step('Where its files lie', alice('login', 'ls -d $PWD/.hpc-gat/runs/*/* | tail -n 9'));
  await stage.step('Clean-up', alice('login', 'hpc-gat cleanup --all'));
  await stage.step('The look from outside, after: every node', look(['check', workplace.nodesBefore]));
  stage.say(`\nPASS. The project stays, here: ${folder}${projectFolder}`);
}

async function labStatus(stage: Stage): Promise<LabStatus> {
  return JSON.parse(await stage.ask(hpcGat(['lab', 'status', '--name', labName, '--json']))) as LabStatus;
}

/** @returns 0 when nothing was left */
async function takeDown(stage: Stage, workplace: Workplace): Promise<number> {
  const down = await stage.finalStep('The end of the cluster', hpcGat(['lab', 'down', '--name', labName]));
  const left = await stage.finalStep(
    'The look from outside, after: this machine',
    look(['check', workplace.hostBefore, '--within', '10']),
  );
  return down === 0 ? left : down;
}

async function demo(stage: Stage, workplace: Workplace): Promise<number> {
  stage.say('From a Docker image to a tested model on a cluster, and back to nothing. Ctrl-C ends it.');
  if ((await labStatus(stage)).nodes.some(({ up }) => up)) {
    const fix = `node bin/hpc-gat.js lab down --name ${labName}`;
    throw new Stop(`the lab "${labName}" is up: another demo runs, or was killed; fix: ${fix}`, 2);
  }
  await stage.step(
    'The look from outside, before: this machine',
    look([
      ...['snapshot', workplace.hostBefore, '--host'],
      ...['--mark', `hpc-gat-lab-${labName}`, '--mark', groupPrefix],
      ...['--temp', workplace.temporary, '--cache', cacheFolder(process.env)],
    ]),
  );
  const stop = await showTheWay(stage, workplace).catch(stopOf);
  const left = await takeDown(stage, workplace);
  if (stop !== undefined) {
    throw stop;
  }
  stage.say(['', 'Times', ...stage.table()].join('\n'));
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
    stage.say(`\nhpc-gat demo: ${message}`);
    return exitCode;
  } finally {
    workplace.remove();
    leaveGroup?.();
  }
}

process.exitCode = await main();
