import path from 'node:path';
import { UsageError } from '../support/errors.ts';
import { defineVerb } from './verb.ts';

export const credentials = defineVerb({
  command: 'credentials <directory>',
  summary: 'Make the certificates with which one server and its clients know each other',
  options: (yargs) =>
    yargs
      .positional('directory', {
        type: 'string',
        demandOption: true,
        describe: 'Made anew, readable by you alone',
      })
      .option('until', {
        type: 'number',
        demandOption: true,
        requiresArg: true,
        describe: 'When the server will be gone, in seconds since 1970; they hold an hour longer',
      })
      .example('$0 credentials tls --until $(date -d tomorrow +%s)', 'For a Triton of your own'),
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
