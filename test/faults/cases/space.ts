import { projectDirectory, quickModels } from '../../support/gat-project.ts';
import type { Fault } from '../fault.ts';
import type { Stage } from '../stage.ts';

/** Creates a project on a small tmpfs, which is visible only on the stage's node. */
async function smallProject(stage: Stage): Promise<string> {
  const directory = `/home/alice/small-${stage.run}`;
  await asRoot(
    stage,
    `mkdir -p ${directory} && mount -t tmpfs -o size=1M,mode=0700,uid=1001,gid=1001 none ${directory}`,
  );
  stage.afterwards(() => asRoot(stage, `umount ${directory} && rmdir ${directory}`));
  stage.cleanup = { ...stage.cleanup, node: stage.node, cwd: directory };
  const settings = {
    site: 'lab',
    image: { file: `${projectDirectory}/triton.sif` },
    model: { repository: `${projectDirectory}/${quickModels}` },
  };
  // JSON is valid YAML.
  await stage.onNodeShell('cat >hpc-gat.yaml', { cwd: directory, input: JSON.stringify(settings) });
  return directory;
}

async function asRoot(stage: Stage, line: string): Promise<void> {
  const { exitCode, stderr } = await stage.onNodeShell(line, { user: 'root', cwd: '/' });
  if (exitCode !== 0) {
    throw new Error(`${line}: ${stderr}`);
  }
}

export const runDirectoryFull: Fault = {
  name: 'run-folder-full',
  class: 'space',
  title: 'The file system of the run directory is full',
  reaction:
    'The script cannot record what it creates, and ends before it creates more; it cannot report that either. `submit --wait` finds that there is no space.',
  inShortRun: true,
  exitCode: 1,
  reportPattern: /no space is left for/,
  inject: async (stage) => {
    const cwd = await smallProject(stage);
    const submitted = stage.type(['submit', '--wait', '--id', stage.run, ...stage.onNode], {
      node: stage.node,
      cwd,
    });
    await stage.onNodeShell(
      'until [ -e .hpc-gat/runs/*/job.json ]; do sleep 0.05; done; cat /dev/zero >fill',
      {
        cwd,
      },
    );
    return stage.outcome(submitted, Date.now());
  },
};

export const sharedMemoryFull: Fault = {
  name: 'shared-memory-full',
  class: 'space',
  title: 'The /dev/shm of the node is full',
  reaction: "The Python backend cannot create its shared memory; Triton's reason appears on the terminal.",
  exitCode: 1,
  reportPattern: /shared memory|No space left/i,
  inject: async (stage) => {
    await asRoot(stage, 'mount -o remount,size=1M /dev/shm && (cat /dev/zero >/dev/shm/fill || true)');
    try {
      const waiting = stage.submit();
      await stage.untilStarted();
      return await stage.outcome(waiting, Date.now());
    } finally {
      await asRoot(stage, 'rm -f /dev/shm/fill && mount -o remount,size=50% /dev/shm');
    }
  },
};
