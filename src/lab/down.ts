import { readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { renderTemplate } from '../render/template.ts';
import { findIdentity, type ProcessIdentity } from '../support/processes/process-identity.ts';
import { removeCgroups } from './cgroups.ts';
import { runInNode } from './exec.ts';
import { nodeDirectory, listNodes, nodeWithRole, type Lab } from './open-lab.ts';
import { withLock } from './lab-lock.ts';
import { stopSwitch } from './network.ts';
import { killNode } from './nodes.ts';
import { killAndWait, findRunningProcess } from './processes.ts';
import { removeLabState } from './lab-state.ts';
import { checkRequirements } from './requirements.ts';

const ORDERLY_TIMEOUT_MS = 4_000;

/** Takes the lab down from any state, with `wipe` including its files. A repetition is harmless. */
export async function labDown(lab: Lab, { wipe }: { wipe: boolean }): Promise<void> {
  await checkRequirements(lab.context);
  await withLock(`${lab.directory}.lock`, `the lab "${lab.name}"`, lab.context, () =>
    takeDown(lab, { wipe }),
  );
}

/** Takes the lab down under a lock that the caller holds. Completes even when the caller was interrupted. */
export async function takeDown(interrupted: Lab, { wipe }: { wipe: boolean }): Promise<void> {
  const lab = { ...interrupted, context: { ...interrupted.context, signal: new AbortController().signal } };
  const { clock } = lab.context;
  await removeLabState(lab);
  await Promise.all([
    stopServices(lab, nodeWithRole(lab, 'controller'), 'lab/stop-controller.sh.hbs'),
    stopServices(lab, nodeWithRole(lab, 'workstation'), 'lab/stop-workstation.sh.hbs'),
  ]);
  await killStray(lab);
  await Promise.all(listNodes(lab).map(([name]) => killNode(lab, name)));
  await stopSwitch(lab);
  await removeCgroups(lab, clock);
  const gone = wipe
    ? [lab.directory]
    : listNodes(lab).map(([name]) => path.join(nodeDirectory(lab, name).directory, 'tmp'));
  await Promise.all(gone.map((directory) => rm(directory, { recursive: true, force: true })));
}

/** Stops the services of a node in order. Services that exceed the time limit are killed with their node. */
async function stopServices(lab: Lab, node: string, script: string): Promise<void> {
  if ((await findRunningProcess(nodeDirectory(lab, node).pidFile)) !== undefined) {
    await runInNode(lab, node, ['/bin/bash', '-s'], {
      user: 'root',
      input: await renderTemplate(script, {}),
      timeoutMs: ORDERLY_TIMEOUT_MS,
      killSignal: 'SIGKILL',
    });
  }
}

/** Kills incomplete starts of nodes by a killed `up`, which have not recorded their process. */
async function killStray(lab: Lab): Promise<void> {
  const scripts = new Set(
    listNodes(lab).flatMap(([name]) =>
      ['launch.sh', 'node-init.sh'].map((file) => path.join(nodeDirectory(lab, name).directory, file)),
    ),
  );
  scripts.add(path.join(lab.directory, 'switch', 'switch.sh'));
  // The list must be empty twice in a row: a process that was found may be starting the next one.
  for (let empty = 0; empty < 2;) {
    const found = await findProcessesOf(scripts);
    empty = found.length === 0 ? empty + 1 : 0;
    await Promise.all(found.map((identity) => killAndWait(identity, lab.context.clock)));
  }
}

async function findProcessesOf(scripts: ReadonlySet<string>): Promise<ProcessIdentity[]> {
  const found: ProcessIdentity[] = [];
  for (const entry of await readdir('/proc')) {
    if (/^\d+$/.test(entry)) {
      const commandLine = await readFile(`/proc/${entry}/cmdline`, 'utf8').catch(() => '');
      const ours = commandLine.split('\0').some((argument) => scripts.has(argument));
      const identity = ours ? findIdentity(Number(entry)) : undefined;
      if (identity !== undefined) {
        found.push(identity);
      }
    }
  }
  return found;
}
