import { afterAll, beforeAll, expect, test } from '@jest/globals';
import path from 'node:path';
import { hpcGat, createGatProject, projectDirectory, quickModels, shell } from '../support/gat-project.ts';
import { describeInLab, labExec } from '../support/lab.ts';
import { checkLeaksAfterEach } from '../support/expect-no-leaks.ts';
import { installPackages } from '../support/python-packages.ts';
import { testLab } from '../support/test-lab.ts';

const longMs = 240_000;

interface ServedDocument {
  run: string;
  url: string;
  credentials: string;
  secondsLeft: number;
  endpoint: { host: string; address: string; grpcPort: number; job: string; security: string };
}

const serveJob = (id: string) => [
  ...['submit', '--serve', '--wait', '--models', quickModels, '--time', '30', '--id', id],
];

async function served(run: string): Promise<ServedDocument> {
  const { stdout, stderr } = await hpcGat(['endpoints', run, '--json']);
  expect({ stdout, stderr }).toMatchObject({ stdout: expect.stringContaining(run) });
  const [document] = JSON.parse(stdout) as [ServedDocument];
  return document;
}

/** Returns the last log line of the run's script once it exists. */
async function ended(run: string): Promise<unknown> {
  const file = `.hpc-gat/runs/${run}/ended.json`;
  return JSON.parse((await shell(`until [ -e ${file} ]; do sleep 0.1; done; cat ${file}`)).stdout);
}

/** Returns the first code block in that language. */
function codeIn(markdown: string, language: string): string {
  const code = new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, 's').exec(markdown)?.[1];
  if (code === undefined) {
    throw new Error(`no block of ${language} in ${markdown}`);
  }
  return code;
}

/** Calls ServerLive with the certificate in `directory`, from a client that trusts any server. */
function askAnyServer(url: string, directory: string): string {
  const program = `
    const { readFileSync } = require('node:fs');
    const read = (name) => readFileSync('${directory}/' + name);
    const tls = { rejectUnauthorized: false, cert: read('client.pem'), key: read('client-key.pem') };
    const session = require('node:http2').connect('https://${url}', tls);
    const end = (word) => { console.log(word); process.exit(); };
    session.on('error', () => end('closed')).on('close', () => end('closed'));
    session
      .request({ ':method': 'POST', ':path': '/inference.GRPCInferenceService/ServerLive', 'content-type': 'application/grpc', te: 'trailers' })
      .on('error', () => end('closed'))
      .on('response', () => end('answered'))
      .end(Buffer.alloc(5));`;
  return `node -e "${program}"`;
}

describeInLab('submit --serve', () => {
  checkLeaksAfterEach(async () => {
    await createGatProject();
    await shell('rm -rf bundle python');
    await installPackages('tritonclient', path.join((await testLab()).directory, projectDirectory, 'python'));
    // alice's home is searchable by others, so the modes of the run itself must exclude them.
    await shell('chmod 711 /home/alice');
  });
  afterAll(async () => {
    await hpcGat(['cleanup', '--all']);
    await shell('rm -rf bundle python; chmod 700 /home/alice');
  });

  let server: ServedDocument;

  beforeAll(async () => {
    const { exitCode, stdout, stderr } = await hpcGat(serveJob('served'));
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
    expect(stdout).toMatch(/^model gat_test is served at 10\.[\d.]+:\d+ \(cpu\d\) until /);
    server = await served('served');
  }, longMs);

  // This is one test, because the leak check compares with a cluster without servers.
  test(
    'is reachable across the network by its owner and those the owner trusts, and by no other user',
    async () => {
      const { url, endpoint } = server;
      expect(endpoint).toMatchObject({ security: 'mutual-tls', job: expect.stringMatching(/^\d+$/) });
      expect((await hpcGat(['status', 'served'])).stdout).toMatch(/RUNNING +cpu\d +serving/);
      expect((await hpcGat(['cleanup'])).stdout.trim()).toBe('nothing to clean up');
      const tested = await hpcGat(['test']);
      expect({ exitCode: tested.exitCode, stderr: tested.stderr }).toMatchObject({ exitCode: 0 });
      expect(tested.stdout.trimEnd().split('\n').at(-1)).toBe('PASS: infer');

      const right = await shell(askAnyServer(url, server.credentials));
      expect(right).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^answered/) });
      await expectThatBobGetsNothing(url, endpoint.host);

      const exported = await hpcGat(['endpoints', '--export', 'bundle']);
      expect(exported).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('client-key.pem') });
      const modes = await shell('stat --format="%a %n" bundle bundle/*');
      expect(modes.stdout.trim().split('\n').sort()).toEqual([
        '600 bundle/README.md',
        '600 bundle/ca.pem',
        '600 bundle/client-key.pem',
        '600 bundle/client.pem',
        '600 bundle/endpoint.json',
        '700 bundle',
      ]);
      const readme = (await shell('cat bundle/README.md')).stdout;
      // bob has received the directory from alice.
      await labExec(
        'login',
        ['bash', '-c', `cp -r ${projectDirectory}/bundle ~bob/ && chown -R bob: ~bob/bundle`],
        {
          user: 'root',
        },
      );
      const asBob = await shell(codeIn(readme, 'sh'), { user: 'bob', cwd: '/home/bob/bundle' });
      expect(asBob).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('is ready after') });
      await labExec('login', ['rm', '-rf', '/home/bob/bundle'], { user: 'root' });
      const python = await shell(
        `apptainer exec --no-home --env PYTHONPATH=${projectDirectory}/python --bind ${projectDirectory} --pwd "$PWD" ../triton.sif python3 -`,
        { cwd: `${projectDirectory}/bundle`, input: codeIn(readme, 'python') },
      );
      expect(python).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('"logits__0"') });

      // Slurm sends this signal before the walltime.
      await shell(`scancel --batch --signal=USR1 ${endpoint.job}`);
      expect(await ended('served')).toMatchObject({ exitCode: 0, reason: 'served' });
      expect((await hpcGat(['endpoints'])).stdout.trim()).toBe('no run serves a model now');
      const over = await hpcGat(['test', 'served']);
      expect(over).toMatchObject({
        exitCode: 1,
        stderr: expect.stringContaining('serves nothing: it has ended'),
      });
    },
    longMs,
  );

  async function expectThatBobGetsNothing(url: string, host: string): Promise<void> {
    const own = '/tmp/bob-credentials';
    for (const node of [host, 'login']) {
      const ask = (...credentials: string[]) =>
        hpcGat(
          ['wait-ready', '--url', url, '--model', 'gat_test', '--timeout', '1', '--json', ...credentials],
          { node, user: 'bob', cwd: '/' },
        );
      await hpcGat(['credentials', own, '--until', '4102444800'], { node, user: 'bob', cwd: '/' });
      expect(await ask()).toMatchObject({ exitCode: 5, stdout: '' });
      expect(await ask('--credentials', own)).toMatchObject({ exitCode: 1, stdout: '' });
      const anyServer = await shell(askAnyServer(url, own), { node, user: 'bob', cwd: '/' });
      expect(anyServer.stdout).toMatch(/^closed/);
      await shell(`rm -rf ${own}`, { node, user: 'bob', cwd: '/' });

      const seen = await shell(
        `cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n' | grep -c '[B]EGIN CERT\\|[P]RIVATE KEY' || true
         find /tmp /dev/shm /scratch ${projectDirectory} -user alice -type f -size -64k -readable 2>/dev/null | xargs --no-run-if-empty grep -ls '[P]RIVATE KEY' || true
         find /dev/shm -user alice -type f -readable 2>/dev/null
         find ${projectDirectory}/.hpc-gat -name '*.pem' 2>/dev/null
         ls ${projectDirectory}/.hpc-gat/runs/served 2>&1`,
        { node, user: 'bob', cwd: '/' },
      );
      expect(seen.stdout).toMatch(/^0\nls: .*Permission denied\s*$/);
    }
    // The owner finds the key in its file, and it is in no log, script or plan.
    const found = await shell("grep -rl 'PRIVATE KEY' .hpc-gat/runs/served");
    expect(found.stdout.trim()).toMatch(
      /^\.hpc-gat\/runs\/served\/owned\/[\w.]+\/credentials\/client-key\.pem$/,
    );
    const processes = await shell(`ps -ef`, { node: host, user: 'bob', cwd: '/' });
    expect(processes.stdout).toContain('--grpc-use-ssl-mutual=true');
  }
});

describeInLab('start and stop', () => {
  checkLeaksAfterEach(createGatProject);

  test(
    'a server on this node runs in the background, is tested, listed on other nodes, and stopped, twice without harm',
    async () => {
      const started = await hpcGat(['start', '--models', quickModels, '--id', 'background', '--hours', '1']);
      expect({ exitCode: started.exitCode, stderr: started.stderr }).toMatchObject({ exitCode: 0 });
      expect(started.stdout).toMatch(/test it: +hpc-gat test background/);
      expect((await hpcGat(['endpoints'])).stdout).toMatch(
        /background +10\.[\d.]+:\d+ +gat_test +login +local/,
      );
      const elsewhere = await hpcGat(['test', '--json'], { node: 'cpu1' });
      expect(elsewhere).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('"status": "pass"') });
      const spared = await hpcGat(['cleanup'], { node: 'cpu1' });
      expect(spared).toMatchObject({
        exitCode: 0,
        stderr: expect.stringContaining('may still be active on login'),
      });
      const planned = await hpcGat(['stop', '--dry-run'], { node: 'cpu1' });
      expect(planned.stdout).toMatch(
        /^would: end the run on login if it still runs, and remove its resources there:/,
      );
      // The login node is not a node of Slurm.
      const refused = await hpcGat(['stop'], { node: 'cpu1' });
      expect(refused).toMatchObject({
        exitCode: 4,
        stderr: expect.stringMatching(/on login.*hpc-gat cleanup/s),
      });
      expect((await hpcGat(['stop'])).stdout).toMatch(/^end the script, process \d+/);
      expect(await ended('background')).toMatchObject({ reason: 'terminated' });
      expect((await hpcGat(['stop'])).stdout.trim()).toBe('nothing to stop');
      expect((await hpcGat(['stop', 'background'])).stdout.trim()).toBe('nothing to stop');
    },
    longMs,
  );

  test(
    'without security it is open to everybody, with a warning, and its bundle works without keys',
    async () => {
      const started = await hpcGat(['start', '--models', quickModels, '--security', 'none', '--id', 'open']);
      expect({ exitCode: started.exitCode, stderr: started.stderr }).toMatchObject({ exitCode: 0 });
      expect(started.stderr).toMatch(/^warning: security: none: everybody who reaches the node can call/m);
      expect(await hpcGat(['endpoints', 'open', '--export', 'open-bundle'])).toMatchObject({ exitCode: 0 });
      const snippet = codeIn((await shell('cat open-bundle/README.md; rm -r open-bundle')).stdout, 'sh');
      const asked = await shell(snippet, { node: 'cpu1', user: 'bob', cwd: '/' });
      expect(asked).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('is ready after') });
      expect(await hpcGat(['stop', 'open'])).toMatchObject({ exitCode: 0 });
    },
    longMs,
  );

  test(
    'Ctrl-C while it starts ends everything',
    async () => {
      const starting = shell(
        'hpc-gat start --id early & echo $! >early.pid; wait $!; code=$?; wait $!; exit $code',
        { timeoutMs: 120_000 },
      );
      await shell('until [ -e .hpc-gat/runs/early/owned/*/server ]; do sleep 0.1; done');
      await shell('kill -INT "$(cat early.pid)"; rm early.pid');
      const { exitCode, stderr } = await starting;
      expect({ exitCode, stderr }).toMatchObject({ exitCode: 130 });
      expect(await ended('early')).toMatchObject({ reason: 'terminated' });
    },
    longMs,
  );

  test(
    'a server that dies while it serves ends its run with the reason',
    async () => {
      expect(await hpcGat(['start', '--models', quickModels, '--id', 'shot-server'])).toMatchObject({
        exitCode: 0,
      });
      await shell('pkill --signal KILL --uid alice --exact tritonserver');
      expect(await ended('shot-server')).toMatchObject({ exitCode: 1, reason: 'server-ended' });
      expect((await hpcGat(['endpoints'])).stdout.trim()).toBe('no run serves a model now');
    },
    longMs,
  );
});
