import { NotReadyError } from '../support/errors.ts';
import { readTextIfPresent } from '../support/files/file-access.ts';
import { runInNode } from './exec.ts';
import { nodeDirectory, listNodes, nodeWithRole, type Lab } from './open-lab.ts';
import path from 'node:path';

const QUERY_TIMEOUT_MS = 3_000;

/**
 * Matches states of sinfo(1) in which slurmd has answered; a trailing "*" means that it does not answer now.
 */
const answering = /^(idle|mixed|allocated|completing|planned|reserved|draining|drained)$/;

/**
 * Returns Slurm's state of each node, as the login node sees it; empty while the controller does not answer.
 */
export async function querySlurmStates(lab: Lab): Promise<Map<string, string>> {
  const { exitCode, stdout } = await runInNode(
    lab,
    nodeWithRole(lab, 'login'),
    ['sinfo', '--noheader', '--Node', '--format=%N %T'],
    { user: 'root', timeoutMs: QUERY_TIMEOUT_MS },
  );
  const lines = exitCode === 0 ? stdout.split('\n').filter((line) => line.includes(' ')) : [];
  return new Map(lines.map((line) => line.trim().split(/ +/) as [string, string]));
}

async function isDockerReady(lab: Lab): Promise<boolean> {
  const { exitCode } = await runInNode(
    lab,
    nodeWithRole(lab, 'workstation'),
    ['curl', '--silent', '--fail', '--unix-socket', '/run/docker.sock', 'http://docker/_ping'],
    { user: 'root', timeoutMs: QUERY_TIMEOUT_MS },
  );
  return exitCode === 0;
}

/**
 * Waits until compute nodes answer Slurm and, if requested, Docker answers on the workstation.
 *
 * @throws {NotReadyError} with the services that do not answer, and a log.
 */
export async function waitUntilReady(
  lab: Lab,
  nodes: readonly string[],
  { docker, timeoutMs }: { docker: boolean; timeoutMs: number },
): Promise<void> {
  const { clock, signal } = lab.context;
  const end = clock.now().getTime() + timeoutMs;
  let dockerReady = !docker;
  let waiting: string[];
  do {
    const [states, answers] = await Promise.all([querySlurmStates(lab), dockerReady || isDockerReady(lab)]);
    dockerReady = answers;
    waiting = nodes
      .filter((node) => !answering.test(states.get(node) ?? ''))
      .map((node) => `${node} is ${states.get(node) ?? 'unknown to the controller'}`);
    if (waiting.length === 0 && dockerReady) {
      return;
    }
    await clock.sleep(50, signal);
  } while (clock.now().getTime() < end);
  throw new NotReadyError(
    `the lab did not become ready: ${[...waiting, ...(dockerReady ? [] : ['Docker does not answer'])].join(', ')}`,
    await createAdvice(lab, waiting.length > 0),
  );
}

async function createAdvice(lab: Lab, slurm: boolean): Promise<{ fix: string; log: string }> {
  const { log } = nodeDirectory(lab, nodeWithRole(lab, slurm ? 'controller' : 'workstation'));
  const file = path.join(log, slurm ? 'slurm/slurmctld.log' : 'dockerd.log');
  const exists = (await readTextIfPresent(file)) !== undefined;
  return { fix: 'hpc-gat lab down, then hpc-gat lab up', log: exists ? file : path.join(log, 'init.log') };
}

export function listComputeNodes(lab: Lab): string[] {
  return listNodes(lab).flatMap(([name, { role }]) => (role === 'compute' ? [name] : []));
}
