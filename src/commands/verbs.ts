import { build } from './build.ts';
import { cache } from './cache.ts';
import { cleanup } from './cleanup.ts';
import { defineCompletion } from './completion.ts';
import { config } from './config.ts';
import { credentials } from './credentials.ts';
import { doctor } from './doctor.ts';
import { endpoints } from './endpoints.ts';
import { files } from './files.ts';
import { init } from './init.ts';
import { lab } from './lab.ts';
import { logs } from './logs.ts';
import { makeSif } from './make-sif.ts';
import { model } from './model.ts';
import { render } from './render.ts';
import { run } from './run.ts';
import { sif } from './sif.ts';
import { start } from './start.ts';
import { status } from './status.ts';
import { stop } from './stop.ts';
import { submit } from './submit.ts';
import { test } from './test.ts';
import type { BindVerb } from './verb.ts';
import { waitReady } from './wait-ready.ts';

const verbsToComplete: readonly BindVerb[] = [
  init,
  doctor,
  build,
  makeSif,
  cache,
  sif,
  config,
  render,
  submit,
  run,
  start,
  stop,
  endpoints,
  status,
  logs,
  cleanup,
  waitReady,
  test,
  credentials,
  model,
  lab,
  files,
];

/** Every verb, in the order in which `--help` lists them. */
export const verbs: readonly BindVerb[] = [...verbsToComplete, defineCompletion(verbsToComplete)];
