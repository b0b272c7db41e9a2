import { beforeAll, expect, test } from '@jest/globals';
import { execa } from 'execa';
import path from 'node:path';
import { checkRepository } from '../../src/model/check-repository.ts';
import { toPlainValues } from '../../src/model/config/access.ts';
import { readModel } from '../../src/model/repository.ts';
import { createGatProject, projectDirectory } from '../support/gat-project.ts';
import { describeInLab, labExec } from '../support/lab.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { corpus, writeModels } from '../model/corpus.ts';
import { differences } from '../model/meaning.ts';

/** The repository is on the login node's own disk, where it is not shared. */
const repository = '/tmp/model-check';

/** Models that one tritonserver loads. */
interface Group {
  models: string[];
  options: string[];
  /** Whether the test waits for it. A server that never becomes ready is queried after the others. */
  awaited: boolean;
}

/** A model that blocks or ends its server has its own server. */
const alone = ['directory-latest-broken', 'directory with space', 'directory-version-huge'];

/** Assigns each model to a server that reports on it quickly; all servers run at the same time. */
function groupsOf(names: readonly string[]): Group[] {
  // These backends complete no configuration, and the query would make Triton import torch a second time.
  const torch = names.filter((name) => name.startsWith('torch-') && name !== 'torch-no-config');
  const others = names.filter((name) => !torch.includes(name) && !alone.includes(name));
  return [
    { models: others, options: [], awaited: true },
    { models: torch, options: ['--disable-auto-complete-config'], awaited: true },
    ...alone.map((name) => ({ models: [name], options: [], awaited: false })),
  ];
}

/** Program for the image: serves all models, and prints Triton's report as one JSON line. */
const askTriton = `
import json, os, signal, subprocess, sys, time, urllib.request


def ask(port, path, data=None):
    return json.load(urllib.request.urlopen(f"http://127.0.0.1:{port}/v2/{path}", data=data, timeout=10))


def start(port, group):
    return subprocess.Popen(
        ["tritonserver", "--model-repository=/models", "--exit-on-error=false", "--http-address=127.0.0.1",
         f"--http-port={port}", "--allow-grpc=false", "--allow-metrics=false", "--model-control-mode=explicit",
         f"--backend-config=python,shm-region-prefix-name=model-check-{port}-", *group["options"],
         *[f"--load-model={name}" for name in group["models"]]],
        stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT, start_new_session=True)


def served(port, server, awaited):
    # Triton opens its ports when it has tried every model.
    while True:
        try:
            index = ask(port, "repository/index", b"{}")
            break
        except OSError:
            if not awaited:
                return {}
            if server.poll() is not None:
                sys.exit("tritonserver ended")
            time.sleep(0.2)
    ready = {model["name"] for model in index if model.get("state") == "READY"}
    return {name: ask(port, f"models/{name}/config") for name in ready}


groups = list(enumerate(json.loads(sys.argv[1]), 23000))
servers = {port: start(port, group) for port, group in groups}
try:
    found = {}
    for port, group in groups:
        found.update(served(port, servers[port], group["awaited"]))
    print(json.dumps(found, sort_keys=True))
finally:
    for server in servers.values():
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()
`;

describeInLab('model check', () => {
  beforeAll(createGatProject, 300_000);

  test('agrees with Triton about every model, and reads every configuration as Triton does', async () => {
    const directory = temporaryDirectory();
    const models = await corpus();
    const names = models.map(({ name }) => name).sort();
    await writeModels(directory, models);
    const { stdout: archive } = await execa('tar', ['--create', '--directory', directory, '.'], {
      encoding: 'buffer',
    });
    const unpack = `mkdir ${repository} && tar --extract --no-same-owner --directory ${repository}`;
    await labExec('login', ['bash', '-c', unpack], { input: archive });
    const command = ['apptainer', 'exec', '--bind', `${repository}:/models:ro`, 'triton.sif', 'python3', '-'];
    const groups = JSON.stringify(groupsOf(names));
    const { exitCode, stdout, stderr } = await labExec('login', [...command, groups], {
      cwd: projectDirectory,
      input: askTriton,
      timeoutMs: 220_000,
    });
    await labExec('login', ['bash', '-c', `rm -rf ${repository} /dev/shm/model-check-* /tmp/python_env_*`]);
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
    const served = JSON.parse(stdout) as Record<string, unknown>;

    const findings = await checkRepository(directory);
    const refused = new Set(
      findings.filter(({ severity }) => severity === 'error').map(({ model }) => model),
    );
    expect(names.filter((name) => !refused.has(name))).toEqual(Object.keys(served));
    expect(
      models
        .filter(({ loads }) => loads)
        .map(({ name }) => name)
        .sort(),
    ).toEqual(Object.keys(served));

    for (const [name, theirs] of Object.entries(served)) {
      const { config } = await readModel(path.join(directory, name));
      const mine = config === undefined ? undefined : toPlainValues(config);
      // Triton creates one instance when less than one is configured; `model check` warns about it.
      const expected = name === 'config-count' ? ['instance_group.0.count: -1 here, 1 there'] : [];
      expect([name, ...differences(mine, theirs)]).toEqual([name, ...expected]);
    }
  }, 240_000);
});
