import type { Fault } from '../fault.ts';

/** Holds a loopback port until its standard input ends. */
const holder = `require('node:net').createServer().listen(Number(process.argv[1]), '127.0.0.1')`;

export const portTaken: Fault = {
  name: 'port-taken',
  class: 'port',
  title: 'Another process takes the port while the models load',
  reaction:
    'Triton binds its ports after the models are loaded, and then exits. The script reports it and tries other ports, ten times in all.',
  inShortRun: true,
  exitCode: 0,
  reportPattern: /port \d+ was taken meanwhile: trying others/,
  inject: async (stage) => {
    const waiting = stage.submit({ models: await stage.slowModels({ load: 5 }) });
    const started = /gRPC on 127\.0\.0\.1:(\d+)/;
    await stage.until('batch.log', 'gRPC on 127.0.0.1:');
    const [, port = ''] = started.exec(await stage.read('batch.log')) ?? [];
    const held = stage.onNodeShell(`timeout 60 node -e "$HOLDER" ${port}`, {
      user: 'bob',
      cwd: '/tmp',
      env: { HOLDER: holder },
    });
    const atMs = Date.now();
    const outcome = await stage.outcome(waiting, atMs);
    // The search does not use the name of Node's process, which depends on the version; `timeout` forwards the signal.
    await stage.onNodeShell('pkill --uid bob --exact timeout', { user: 'bob', cwd: '/tmp' });
    await held;
    return outcome;
  },
};
