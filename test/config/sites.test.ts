import { describe, expect, test } from '@jest/globals';
import { execa } from 'execa';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { traceLayers } from '../../src/config/layers.ts';
import { loadProject, readSite } from '../../src/config/load.ts';
import { renderScript } from '../../src/run/plan/script.ts';
import { packageRoot } from '../../src/support/package/package-root.ts';
import { samplePlan } from '../run/plan/sample-plan.ts';
import { testContext } from '../support/context.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const sites = readdirSync(path.join(packageRoot, 'slurm', 'sites')).map((file) =>
  path.basename(file, '.yaml'),
);

/** GPU directives of a job with one GPU, in the form of the site. */
const gpuDirectives: Readonly<Record<string, readonly string[]>> = {
  'alliance-fir': ['gpus-per-node=h100:1'],
  'alliance-killarney': ['gpus-per-node=l40s:1'],
  'alliance-narval': ['gpus-per-node=a100:1'],
  'alliance-nibi': ['gpus-per-node=h100:1'],
  'alliance-rorqual': ['gpus-per-node=h100:1'],
  'alliance-tamia': ['gpus=h100:4'],
  'alliance-trillium': ['gpus-per-node=1'],
  'alliance-vulcan': ['gpus-per-node=l40s:1'],
  'aub-octopus': ['partition=gpu', 'gres=gpu:v100d32q:1'],
  baskerville: ['gpus=1'],
  'biohub-sf': ['partition=gpu', 'gres=gpu:1'],
  'c3se-alvis': ['gpus-per-node=A40:1'],
  'csc-roihu': ['partition=gpumedium', 'gres=gpu:gh200:1', 'cpus-per-task=72', 'hint=nomultithread'],
  'cu-alpine': ['partition=aa100', 'gres=gpu:1'],
  'fredhutch-gizmo': ['gpus=1'],
  'fzu-phoebe': ['partition=gpu', 'gres=gpu:a100:1', 'cpus-per-task=8'],
  'harvard-cannon': ['partition=gpu', 'gres=gpu:1'],
  'hpc2n-kebnekaise': ['gpus=a100:1'],
  'imperial-hx2': ['partition=gpu', 'gres=gpu:1'],
  'infn-padova': ['partition=gpus', 'gres=gpu:nvidia-h100:1'],
  'isu-pronto': ['partition=gpu', 'gres=gpu:1'],
  'lbnl-lawrencium': ['partition=es1', 'qos=es_normal', 'gres=gpu:A40:1', 'cpus-per-task=16'],
  'lunarc-cosmos': ['partition=gpua100i', 'gres=gpu:1'],
  'mesonet-turpan': ['partition=shared', 'gres=gpu:1'],
  mila: ['partition=main', 'gres=gpu:1'],
  'mit-engaging': ['partition=mit_normal_gpu', 'gres=gpu:1'],
  'ncsa-delta': ['partition=gpuA100x4', 'gpus-per-node=1'],
  nesi: ['partition=milan', 'gpus-per-node=a100:1'],
  'noaa-ursa': ['partition=u1-h100', 'qos=gpu', 'gres=gpu:h100:1'],
  'nrel-kestrel': ['partition=gpu-h100', 'gres=gpu:1'],
  'nyu-torch': ['gres=gpu:1'],
  'nyuad-jubail': ['partition=nvidia', 'gres=gpu:1'],
  'princeton-adroit': ['gres=gpu:1'],
  'purdue-anvil': ['partition=gpu', 'gpus-per-node=1'],
  'purdue-gautschi': ['partition=smallgpu', 'gres=gpu:1', 'cpus-per-task=64'],
  'sheffield-stanage': ['partition=gpu', 'qos=gpu', 'gres=gpu:1'],
  'sigma2-olivia': ['partition=accel', 'gpus-per-node=1'],
  'sigma2-saga': ['partition=accel', 'gres=gpu:1'],
  'slac-s3df': ['partition=ampere', 'gpus=1'],
  'stanford-sherlock': ['partition=gpu', 'gpus=1'],
  sulis: ['partition=gpu', 'gres=gpu:ampere_a100:1', 'cpus-per-task=42'],
  'tacc-lonestar6': ['partition=gpu-a100-small'],
  'tacc-stampede3': ['partition=h100'],
  'tacc-vista': ['partition=gh'],
  taltech: ['partition=gpu', 'gres=gpu:1'],
  'ttu-repacss': ['partition=h100', 'gres=gpu:nvidia_h100_nvl:1'],
  'tudelft-daic': ['partition=general', 'gres=gpu:1'],
  'ua-puma': ['partition=standard', 'gres=gpu:1'],
  'uab-cheaha': ['partition=amperenodes', 'gres=gpu:1'],
  'uaf-chinook': ['partition=l40s', 'gpus=1', 'cpus-per-task=6'],
  'ucdavis-farm': ['account=gpul-users', 'partition=gpul', 'gpus=1'],
  'ucdavis-hive': ['account=publicgrp', 'partition=high', 'gres=gpu:1'],
  'uchicago-midway3': ['partition=gpu', 'gres=gpu:1'],
  'ucmerced-pinnacles': ['partition=gpu', 'gres=gpu:1'],
  'ulhpc-iris': ['partition=gpu', 'gpus=1', 'cpus-per-task=7'],
  'unibe-ubelix': ['partition=gpu', 'gres=gpu:a100:1'],
  'uppmax-pelle': ['partition=gpu', 'gpus=l40s:1'],
  'uq-bunya': ['partition=gpu_cuda', 'gres=gpu:l40:1'],
  'uva-hpc': ['partition=gpu', 'gres=gpu:1'],
  'vuw-raapoi': ['partition=gpu', 'gres=gpu:1'],
};

/** Scripts without directives that passed shellcheck: most profiles differ only in their directives, which are comments. */
const checked = new Set<string>();

test.each(sites)('the site profile %s is valid', async (site) => {
  const project = await loadProject(testContext({ cwd: temporaryDirectory(), env: {} }), { site });
  expect(project.site).toBe(site);
});

test("every profile except this project's own is of a real center", () => {
  expect(sites.filter((site) => !['generic', 'lab'].includes(site))).toEqual(Object.keys(gpuDirectives));
});

describe.each(Object.entries(gpuDirectives))('the profile of %s', (site, expected) => {
  test('names for each value the page where it was read, and the date', async () => {
    const { profile, needs, sources } = await readSite(site, '/');
    const values = traceLayers([{ origin: site, settings: profile }]).map((leaf) => leaf.path.join('.'));
    const named = new Set(sources.flatMap(({ tells }) => tells));
    expect([...named].sort()).toEqual([...values, ...(needs.length > 0 ? ['needs'] : [])].sort());
    for (const { page } of sources) {
      // The link points to the version of the page that was read, not to its current state.
      expect(page).toMatch(/\/blob\/[0-9a-f]{40}\//);
    }
  });

  test('produces a script that bash and shellcheck accept, with the directives of the site', async () => {
    const project = await loadProject(testContext({ cwd: '/', env: {} }), { site });
    const plan = samplePlan({}, { project, gpu: true });
    const script = await renderScript(plan);
    await execa('bash', ['-n'], { input: script });
    const code = script.replaceAll(/^#SBATCH .*\n/gm, '');
    if (!checked.has(code)) {
      const { stdout } = await execa('shellcheck', ['--severity=warning', '--shell=bash', '-'], {
        input: script,
        reject: false,
      });
      expect(stdout).toBe('');
      checked.add(code);
    }
    const lines = script.split('\n').filter((line) => line.startsWith('#SBATCH'));
    expect(lines).toEqual(expect.arrayContaining(expected.map((option) => `#SBATCH --${option}`)));
  });
});

test('docs/guides/sites.md lists the profiles', async () => {
  const { stdout } = await execa('cat', [path.join(packageRoot, 'docs', 'guides', 'sites.md')]);
  for (const site of Object.keys(gpuDirectives)) {
    const { description } = await readSite(site, '/');
    expect(stdout).toContain(`| \`${site}\` | ${description} |`);
  }
});
