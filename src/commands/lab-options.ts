import type { Argv } from 'yargs';
import type { Lab } from '../lab/open-lab.ts';
import type { Context } from '../support/context.ts';

interface NameOption {
  name: string;
}

/** Adds the option that selects the lab. */
export function withName(yargs: Argv): Argv<NameOption> {
  return yargs.option('name', {
    type: 'string',
    default: 'default',
    describe: 'Name of the lab',
  });
}

export async function open({ name }: NameOption, context: Context): Promise<Lab> {
  const { openLab } = await import('../lab/open-lab.ts');
  return await openLab(context, name);
}
