import path from 'node:path';
import { UsageError } from '../support/errors.ts';
import { defineVerb } from './verb.ts';

export const credentials = defineVerb({
  command: 'credentials <directory>',
  summary: 'Create the certificates for mutual TLS of one server and its clients',
  options: (yargs) =>
    yargs
      .positional('directory', {
        type: 'string',
        demandOption: true,
        describe: 'New directory, readable only by its owner',
      })
      .option('until', {
        type: 'number',
        demandOption: true,
        requiresArg: true,
        describe: 'Time when the server ends, in seconds since 1970',
      })
      .example(
        '$0 credentials tls --until $(date -d tomorrow +%s)',
        'Create certificates for your own Triton server, valid until tomorrow',
      ),
  handle: async ({ directory, until }, { cwd, clock }) => {
    const now = clock.now();
    const end = new Date(until * 1_000);
    if (!(end > now)) {
      throw new UsageError(`--until ${until} is not in the future`, {
        fix: 'seconds since 1970, as date +%s prints them',
      });
    }
    const { makeCredentials } = await import('../run/make-credentials.ts');
    await makeCredentials(path.resolve(cwd, directory), { now, until: end });
    return 0;
  },
});
