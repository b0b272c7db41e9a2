import type { Argv } from 'yargs';
import { jsonOption } from './common-options.ts';

export const urlOption = {
  type: 'string',
  requiresArg: true,
  describe: "Triton's gRPC address, HOST:PORT",
} as const;

/** Adds the options that all verbs with requests to a server have. */
export function withServerOptions<T>(yargs: Argv<T>) {
  return yargs
    .option('credentials', {
      type: 'string',
      requiresArg: true,
      describe: 'Directory with ca.pem, client.pem and client-key.pem for mutual TLS',
    })
    .option('server-log', {
      type: 'string',
      requiresArg: true,
      describe: 'Server log to name in errors',
    })
    .option('json', jsonOption);
}
