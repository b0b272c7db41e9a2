import * as controller from './cases/controller.ts';
import * as credentials from './cases/credentials.ts';
import * as model from './cases/model.ts';
import * as neighbour from './cases/neighbour.ts';
import * as node from './cases/node.ts';
import * as port from './cases/port.ts';
import * as script from './cases/script.ts';
import * as server from './cases/server.ts';
import * as space from './cases/space.ts';
import * as twice from './cases/twice.ts';
import * as walltime from './cases/walltime.ts';
import type { Fault } from './fault.ts';

/** All faults, in the order of docs/guides/faults.md. */
export const matrix: readonly Fault[] = [
  server,
  script,
  walltime,
  node,
  controller,
  port,
  credentials,
  model,
  twice,
  space,
  neighbour,
].flatMap((cases): Fault[] => Object.values(cases));
