import { defineVerb, type BindVerb } from './verb.ts';

/** Declares the verb `completion`. @param verbs the other verbs, whose options are completed. */
export function defineCompletion(verbs: readonly BindVerb[]): BindVerb {
  return defineVerb({
    command: 'completion <shell>',
    summary: 'Print the completion script for bash or zsh',
    options: (yargs) =>
      yargs
        .positional('shell', { choices: ['bash', 'zsh'] as const, demandOption: true, describe: 'Shell' })
        .example('source <($0 completion bash)', 'Enable completion in this shell')
        .example(
          '$0 completion bash >~/.local/share/bash-completion/completions/hpc-gat',
          'Enable completion in every new bash',
        ),
    handle: async ({ shell }, context) => {
      const { listSites } = await import('../config/load.ts');
      const { renderTemplate } = await import('../render/template.ts');
      const { valueOptions } = await import('./value-options.ts');
      // The templates complete the names of sites.
      const options = valueOptions(verbs, context).filter((name) => name !== '--site');
      const script = await renderTemplate(`completion/${shell}.hbs`, {
        sites: (await listSites()).join(' '),
        valueOptions: options.join(' | '),
      });
      context.output.result(script.trimEnd());
      return 0;
    },
  });
}
