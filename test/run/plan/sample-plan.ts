import { defaultSettings } from '../../../src/config/defaults.ts';
import { mergeLayers } from '../../../src/config/layers.ts';
import type { CompleteSettings } from '../../../src/config/defaults.ts';
import type { Settings } from '../../../src/config/schema.ts';
import type { RunPlan } from '../../../src/run/plan/run-plan.ts';
import { planRun, type RunRequest } from '../../../src/run/plan/plan-run.ts';

/** Merges the given settings with the defaults. */
export function sampleSettings(settings: Settings = {}): CompleteSettings {
  return mergeLayers([
    { origin: 'test', settings },
    { origin: 'default', settings: defaultSettings },
  ]) as CompleteSettings;
}

/** Creates a plan with fixed id, time and paths, for the settings under test. */
export function samplePlan(
  settings: Settings = {},
  request: Partial<RunRequest> = {},
  root = '/home/alice/gat',
): RunPlan {
  return planRun({
    project: { root, site: 'generic', settings: sampleSettings(settings) },
    kind: 'job',
    serve: false,
    gpu: false,
    allowCpu: false,
    id: 'sample',
    createdAt: new Date('2026-01-02T03:04:05Z'),
    version: '1.2.3',
    environment: { HOME: '/home/alice', OMP_PROC_BIND: 'close' },
    hostClient: ['/usr/bin/node', '/opt/hpc-gat/bin/hpc-gat.js'],
    ...request,
  });
}
