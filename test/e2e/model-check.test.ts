import { beforeAll, expect, test } from '@jest/globals';
import { execa } from 'execa';
import path from 'node:path';
import { checkRepository } from '../../src/model/check.ts';
import { plain } from '../../src/model/config/access.ts';
import { readModel } from '../../src/model/repository.ts';
import { makeGatProject, projectFolder } from '../support/gat-project.ts';
import { describeInLab, labExec } from '../support/lab.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { corpus, writeModels } from '../model/corpus.ts';
import { differences } from '../model/meaning.ts';

/** On the login node's own disk: nothing of it is shared. */
const repository = '/tmp/model-check';

/** Runs in the image: serves everything, and prints what Triton says of it as one JSON line. */
const askTriton = `
import json, subprocess, sys, time, urllib.request

base = "http://127.0.0.1:23000/v2/"

def ask(path, data=None):
    return json.load(urllib.request.urlopen(base + path, data=data, timeout=10))

server = subprocess.Popen(
    ["tritonserver", "--model-repository=/models", "--exit-on-error=false", "--http-address=127.0.0.1", "--http-port=23000",
     "--allow-grpc=false", "--allow-metrics=false", "--backend-config=python,shm-region-prefix-name=model-check-"],
    stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)
try:
    # Triton opens its ports when it has tried every model.
    while True:
        try:
            index = ask("repository/index", b"{}")
            break
        except OSError:
            if server.poll() is not None:
                sys.exit("tritonserver ended")
            time.sleep(0.2)
    ready = sorted({model["name"] for model in index if model.get("state") == "READY"})
    print(json.dumps({name: ask(f"models/{name}/config") for name in ready}))
finally:
    server.terminate()
    server.wait()
`;

describeInLab('model check', () => {
  beforeAll(makeGatProject, 300_000);

  test('says of every model what the real Triton says, and reads every configuration as it does', async () => {
    const folder = temporaryFolder();
    const models = (await corpus()).filter(({ seenOnce }) => seenOnce !== true);
    await writeModels(folder, models);
    const { stdout: archive } = await execa('tar', ['--create', '--directory', folder, '.'], {
      encoding: 'buffer',
    });
    const unpack = `mkdir ${repository} && tar --extract --no-same-owner --directory ${repository}`;
    await labExec('login', ['bash', '-c', unpack], { input: archive });
    const command = ['apptainer', 'exec', '--bind', `${repository}:/models:ro`, 'triton.sif', 'python3', '-'];
    const { exitCode, stdout, stderr } = await labExec('login', command, {
      cwd: projectFolder,
      input: askTriton,
      timeoutMs: 150_000,
    });
    await labExec('login', ['rm', '-rf', repository]);
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
    const served = JSON.parse(stdout) as Record<string, unknown>;

    const findings = await checkRepository(folder);
    const refused = new Set(
      findings.filter(({ severity }) => severity === 'error').map(({ model }) => model),
    );
    const names = models.map(({ name }) => name).sort();
    expect(names.length).toBeGreaterThan(75);
    expect(names.filter((name) => !refused.has(name))).toEqual(Object.keys(served));
    expect(
      models
        .filter(({ loads }) => loads)
        .map(({ name }) => name)
        .sort(),
    ).toEqual(Object.keys(served));

    for (const [name, theirs] of Object.entries(served)) {
      const { config } = await readModel(path.join(folder, name));
      const mine = config === undefined ? undefined : plain(config);
      // Triton makes one instance of less than one; `model check` warns of it.
      const expected = name === 'config-count' ? ['instance_group.0.count: -1 here, 1 there'] : [];
      expect([name, ...differences(mine, theirs)]).toEqual([name, ...expected]);
    }
  }, 240_000);
});
