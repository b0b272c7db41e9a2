import type { Output } from '../../support/output.ts';
import { LineFollower } from './follow-file.ts';
import type { RunDirectory } from './run-directory.ts';

/** Shows the output of a run while it runs: the script's steps on stderr, the client's lines as the result. */
export function followRun(record: RunDirectory, output: Output) {
  const followers = [
    new LineFollower(record.file('batch.log'), (line) => {
      output.info(`  ${line}`);
    }),
    new LineFollower(record.file('client.log'), (line) => {
      output.result(line);
    }),
  ];
  return {
    poll: async () => {
      for (const follower of followers) {
        await follower.poll();
      }
    },
    finish: async () => {
      for (const follower of followers) {
        await follower.finish();
      }
    },
  };
}
