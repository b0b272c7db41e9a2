import { expect, test } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { getTemplateValues } from '../../src/lab/configuration.ts';
import { openLab } from '../../src/lab/open-lab.ts';
import { renderTemplate } from '../../src/render/template.ts';
import { packageRoot } from '../../src/support/package/package-root.ts';
import { testContext } from '../support/context.ts';

const golden = path.join(packageRoot, 'test', 'fixtures', 'lab');

test.each(['slurm.conf', 'gres.conf', 'slurmdbd.conf', 'associations', 'hosts'])(
  '%s of the lab equals its golden file',
  async (file) => {
    const lab = await openLab(testContext());
    const rendered = await renderTemplate(`lab/${file}.hbs`, getTemplateValues(lab));
    expect(rendered).toBe(await readFile(path.join(golden, file), 'utf8'));
  },
);
