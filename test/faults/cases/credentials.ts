import { expect } from '@jest/globals';
import { hpcGat, quickModels, shell } from '../../support/gat-project.ts';
import type { Fault } from '../fault.ts';
import type { Stage, Terminal } from '../stage.ts';

/**
 * Runs `submit --wait` with a client that creates its credentials by these lines of sh: $1 is their directory, $2 the
 * end of the run.
 */
async function submitWithCredentials(stage: Stage, lines: string): Promise<Terminal> {
  const name = `client-${stage.run}`;
  const client = `#!/bin/sh
if [ "$1" = credentials ]; then
  set -- "$2" "$4"
  ${lines}
else
  exec hpc-gat "$@"
fi
`;
  const settings = {
    site: 'lab',
    model: { repository: quickModels },
    client: { where: 'binary', binary: `./${name}.sh` },
  };
  await shell(`cat >${name}.sh; chmod +x ${name}.sh`, { input: client });
  // JSON is valid YAML.
  await shell(`cat >${name}.yaml`, { input: JSON.stringify(settings) });
  return stage.submit({ options: ['--config', `${name}.yaml`] });
}

/** The clock of the node that creates the credentials. */
const threeHoursBehind = `const Right = Date; globalThis.Date = class extends Right {
  constructor(...of) { super(...(of.length > 0 ? of : [Right.now() - 3 * 3600000])); }
};`;

export const strangerWithoutKeys: Fault = {
  name: 'certificate-of-somebody-else',
  class: 'credentials',
  title: 'A client uses the certificate of another run',
  reaction:
    'The server closes the connection before it reads the request, and the client reports which certificate is not trusted. The server continues.',
  exitCode: 1,
  reportPattern: /no answer to ServerLive|certificate/,
  inject: async (stage) => {
    await stage.serve();
    const { address, grpcPort } = JSON.parse(await stage.read('endpoint.json')) as {
      address: string;
      grpcPort: number;
    };
    const where = { node: stage.node, user: 'bob', cwd: '/tmp' } as const;
    await hpcGat(['credentials', `own-${stage.run}`, '--until', '4102444800'], where);
    const workload = `/opt/hpc-gat/test/fixtures/quick-models/gat_test/workload.yaml`;
    const asked = ['test', '--url', `${address}:${grpcPort}`, '--workload', workload];
    const asking = stage.type([...asked, '--credentials', `own-${stage.run}`], where);
    const outcome = await stage.outcome(asking, Date.now());
    await stage.onNodeShell(`rm -r own-${stage.run}`, where);
    expect((await hpcGat(['test', stage.run])).exitCode).toBe(0);
    expect((await hpcGat(['stop', stage.run])).exitCode).toBe(0);
    return outcome;
  },
};

export const certificatesExpired: Fault = {
  name: 'certificates-expired',
  class: 'credentials',
  title: 'The certificates of the run have expired, because a clock is wrong',
  reaction:
    'The client on the node reports the time of expiry before it sends a request; the job ends at once.',
  inShortRun: true,
  exitCode: 1,
  reportPattern: /the credentials in .* expired at /,
  inject: async (stage) => {
    const late = `NODE_OPTIONS='--import=data:text/javascript,${encodeURIComponent(threeHoursBehind)}'
  export NODE_OPTIONS
  exec hpc-gat credentials "$1" --until "$(($(date +%s) - 7200))"`;
    const waiting = await submitWithCredentials(stage, late);
    await stage.until('events.jsonl', 'server-started');
    return stage.outcome(waiting, Date.now());
  },
};

export const keyUnreadable: Fault = {
  name: 'server-key-unreadable',
  class: 'credentials',
  title: 'The key of the server cannot be read',
  reaction: 'The script cannot pass it to the server, and starts none: no server runs without TLS.',
  exitCode: 1,
  reportPattern: /the certificates of the run could not be created/,
  inject: async (stage) => {
    const waiting = await submitWithCredentials(
      stage,
      'hpc-gat credentials "$1" --until "$2" && chmod 000 "$1/server-key.pem"',
    );
    await stage.until('events.jsonl', 'started');
    return stage.outcome(waiting, Date.now());
  },
};
