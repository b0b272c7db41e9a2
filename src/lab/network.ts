import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { renderTemplate } from '../render/template.ts';
import { expectSuccess, type CommandResult } from '../support/processes/command.ts';
import { HpcGatError, NotReadyError } from '../support/errors.ts';
import { getNode, type Lab } from './open-lab.ts';
import { killRecorded, findRunningProcess } from './processes.ts';

const TIMEOUT_MS = 5_000;

/** Starts the lab's switch, a network namespace with a bridge, unless it runs. */
export async function startSwitch(lab: Lab): Promise<void> {
  const { run, clock, env, signal } = lab.context;
  const pidFile = getSwitchPidFile(lab);
  if ((await findRunningProcess(pidFile)) !== undefined) {
    return;
  }
  await rm(pidFile, { force: true });
  const directory = path.dirname(pidFile);
  const script = path.join(directory, 'switch.sh');
  const log = path.join(directory, 'log');
  await mkdir(directory, { recursive: true });
  await writeFile(script, await renderTemplate('lab/switch.sh.hbs', { pidFile, log }), { mode: 0o755 });
  expectSuccess(
    await run('setsid', ['--fork', 'unshare', '--net', '/bin/bash', script], {
      env: { PATH: env.PATH },
      timeoutMs: TIMEOUT_MS,
    }),
    "starting the lab's switch",
  );
  const end = clock.now().getTime() + TIMEOUT_MS;
  while ((await findRunningProcess(pidFile)) === undefined) {
    if (clock.now().getTime() > end) {
      throw new NotReadyError("the lab's switch did not start", { log });
    }
    await clock.sleep(5, signal);
  }
}

export async function stopSwitch(lab: Lab): Promise<void> {
  await killRecorded(getSwitchPidFile(lab), lab.context.clock);
}

/** Connects a node, as its `eth0`, to the switch by a veth pair. */
export async function connectNode(lab: Lab, node: string, pid: number): Promise<void> {
  const link = getLinkName(node);
  // Removes the veth pair of a node that died; the kernel removes it too, a little later.
  await runInSwitch(lab, ['link', 'delete', link]);
  expectSuccess(
    await runInSwitch(lab, [
      'link',
      'add',
      link,
      'type',
      'veth',
      'peer',
      'name',
      'eth0',
      'netns',
      String(pid),
    ]),
    `creating the network link of ${node}`,
  );
  expectSuccess(
    await runInSwitch(lab, ['link', 'set', link, 'master', 'br0', 'up']),
    `connecting ${node} to the switch`,
  );
}

/** Disables or enables the network link of a node. */
export async function setLink(lab: Lab, node: string, state: 'up' | 'down'): Promise<void> {
  getNode(lab, node);
  expectSuccess(
    await runInSwitch(lab, ['link', 'set', getLinkName(node), state]),
    `setting the link of ${node}`,
  );
}

function getLinkName(node: string): string {
  return `p-${node}`.slice(0, 15);
}

function getSwitchPidFile(lab: Lab): string {
  return path.join(lab.directory, 'switch', 'pid');
}

async function runInSwitch(lab: Lab, ipArguments: readonly string[]): Promise<CommandResult> {
  const record = await findRunningProcess(getSwitchPidFile(lab));
  if (record === undefined) {
    throw new HpcGatError(`the lab "${lab.name}" is down`, { fix: 'hpc-gat lab up' });
  }
  const { run, env } = lab.context;
  return await run('nsenter', ['--target', String(record.pid), '--net', 'ip', ...ipArguments], {
    env: { PATH: env.PATH },
    timeoutMs: TIMEOUT_MS,
  });
}
