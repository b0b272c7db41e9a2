import { fewRequests, quickModels } from '../support/gat-project.ts';
import { blocksOf, pages, type Page } from './pages.ts';

/** The shell blocks of a page, run in order in the lab as one person would type them. */
export interface Story {
  readonly page: string;
  readonly node: 'login' | 'workstation';
  /** Lines of bash that make what the page takes for granted, in an empty folder. */
  readonly given: string;
}

const project = (models: string) =>
  `cp -r ~/gat/${models} models; cp ~/gat/triton.sif .; echo 'site: lab' >hpc-gat.yaml`;

/** An image of one program under the name that the page uses. */
const image = (name: string) => `
  mkdir tree && cp /usr/bin/busybox tree && tar -C tree -c . | docker import -c 'CMD ["/busybox"]' - ${name}`;

export const stories: readonly Story[] = [
  {
    page: 'README.md',
    node: 'login',
    given: project(fewRequests),
  },
  { page: 'docs/runs.md', node: 'login', given: project(quickModels) },
  { page: 'docs/model.md', node: 'login', given: project(fewRequests) },
  { page: 'docs/install.md', node: 'login', given: '' },
  {
    page: 'docs/completion.md',
    node: 'login',
    given: 'mkdir -p ~/.local/share/bash-completion/completions ~/.zfunc',
  },
  {
    page: 'docs/sif.md',
    node: 'workstation',
    given: `${image('story:sif')} && docker save -o image.tar story:sif && hpc-gat make-sif docker-archive:image.tar -o triton.sif`,
  },
  {
    page: 'docs/cache.md',
    node: 'workstation',
    given: `${image('story:cache')} && docker save -o image.tar story:cache && hpc-gat make-sif docker-archive:image.tar -o triton.sif`,
  },
  {
    page: 'docs/make-sif.md',
    node: 'workstation',
    given: `${image('triton:24.05')} && docker save -o triton.tar triton:24.05 && mkdir layout && tar -C layout -xf triton.tar`,
  },
];

/** Lines of shell blocks that no story runs, and why. */
export const notRun: readonly { readonly page: string; readonly line: RegExp; readonly why: string }[] = [
  { page: 'README.md', line: /^npm run demo$/, why: 'test/e2e/demo.test.ts runs it' },
  { page: 'README.md', line: /^npm test$/, why: 'it is what runs this' },
  {
    page: 'README.md',
    line: /^npm ci && npm run dist$/,
    why: 'test/e2e/published.test.ts runs npm run dist',
  },
  { page: 'README.md', line: /^scp /, why: 'a cluster of somebody' },
  {
    page: 'README.md',
    line: /^hpc-gat make-sif docker/,
    why: "names of one's own; the story of docs/make-sif.md has the same",
  },
  {
    page: 'docs/install.md',
    line: /^npm |^export PATH|^git clone|^node bin/,
    why: 'test/e2e/published.test.ts does it',
  },
  { page: 'docs/tutorial-own-model.md', line: /./, why: 'test/e2e/tutorial.test.ts follows it' },
  { page: 'docs/install.md', line: /^scp /, why: 'a cluster of somebody' },
  {
    page: 'docs/make-sif.md',
    line: /nvcr\.io/,
    why: "NVIDIA's registry; test/e2e/make-sif-registry.test.ts has another",
  },
  { page: 'docs/make-sif.md', line: /^hpc-gat make-sif defs\//, why: "it begins with NVIDIA's image" },
  {
    page: 'docs/client.md',
    line: /^hpc-gat (test|wait-ready)/,
    why: 'every run does it, on a port of its own',
  },
  {
    page: 'docs/image-and-model.md',
    line: /./,
    why: 'test/e2e/model.test.ts does it, with packages that it keeps',
  },
  {
    page: 'docs/build.md',
    line: /./,
    why: "NVIDIA's images; test/e2e/build.test.ts does it with another base",
  },
  {
    page: 'docs/serving.md',
    line: /^hpc-gat (start|submit --serve|endpoints|test|stop)/,
    why: 'test/e2e/serving.test.ts does it',
  },
  { page: 'docs/docker.md', line: /./, why: 'test/e2e/docker.test.ts does it, with the image at hand' },
];

export function whyNotRun(page: string, line: string): string | undefined {
  return notRun.find((each) => each.page === page && each.line.test(line))?.why;
}

/** The lines of a page's shell blocks, a block each, without those that are not run. */
export function linesToRun(page: Page): string[] {
  return blocksOf(page)
    .filter(({ language }) => language === 'sh')
    .map(({ text }) =>
      text
        .split('\n')
        .filter((line) => line.trim() !== '' && whyNotRun(page.name, line) === undefined)
        .join('\n'),
    )
    .filter((lines) => lines !== '');
}

export function pageNamed(name: string): Page {
  const page = pages.find((each) => each.name === name);
  if (page === undefined) {
    throw new Error(`no page ${name}`);
  }
  return page;
}
