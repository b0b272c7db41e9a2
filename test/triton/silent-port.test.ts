import { expect, test } from '@jest/globals';
import { execa } from 'execa';
import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import path from 'node:path';
import { makeCredentials } from '../../src/run/make-credentials.ts';
import { packageRoot } from '../../src/support/package/package-root.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

/**
 * Starts a server that accepts connections and sends nothing, like a port that is taken while the server's models load.
 */
async function silentPort(): Promise<{ url: string; close: () => void }> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { url: `127.0.0.1:${port}`, close: () => server.close() };
}

test.each(['with', 'without'])(
  'a client %s certificates does not wait for the other end to close',
  async (which) => {
    const now = new Date();
    const credentials = path.join(temporaryDirectory(), 'credentials');
    await makeCredentials(credentials, { now, until: new Date(now.getTime() + 3_600_000) });
    const { url, close } = await silentPort();
    try {
      const client = execa(
        process.execPath,
        [
          ...[path.join(packageRoot, 'bin', 'hpc-gat.js'), 'wait-ready', '--url', url, '--model', 'm'],
          ...['--timeout', '1', ...(which === 'with' ? ['--credentials', credentials] : [])],
        ],
        { reject: false, timeout: 20_000 },
      );
      const { exitCode, timedOut, stderr } = await client;
      expect({ exitCode, timedOut }).toEqual({ exitCode: 5, timedOut: false });
      expect(stderr).toContain(`was not ready within 1 s; last state: no connection in time`);
    } finally {
      close();
    }
  },
);
