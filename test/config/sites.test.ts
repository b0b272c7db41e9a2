import { expect, test } from '@jest/globals';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { loadProject } from '../../src/config/load.ts';
import { packageRoot } from '../../src/support/package-root.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const sites = readdirSync(path.join(packageRoot, 'slurm', 'sites')).map((file) =>
  path.basename(file, '.yaml'),
);

test.each(sites)('the site profile %s can be read', async (site) => {
  const project = await loadProject({ cwd: temporaryFolder(), env: {} }, { site });
  expect(project.site).toBe(site);
});
