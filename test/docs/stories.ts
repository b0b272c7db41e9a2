import { fewRequests, quickModels, tritonImage } from '../support/gat-project.ts';
import { blocksOf, pages, type Page } from './pages.ts';

/** Shell blocks of a page, run in the lab in order, as one user would type them. */
export interface Story {
  readonly page: string;
  readonly node: 'login' | 'workstation';
  /** Lines of bash that create the prerequisites of the page in an empty directory. */
  readonly given: string;
  /** Lines that end everything that the page leaves running; they always run. */
  readonly after?: string;
}

const project = (models: string) =>
  `cp -r ~/gat/${models} models; cp ~/gat/triton.sif .; echo 'site: lab' >hpc-gat.yaml`;

/** Creates an image of one program under the name that the page uses. */
const image = (name: string) => `
  mkdir tree && cp /usr/bin/busybox tree && tar -C tree -c . | docker import -c 'CMD ["/busybox"]' - ${name}`;

/** Starts a Triton outside of any run, at the address in docs/reference/client.md. */
const unmanagedTriton = `
  cp -r models/gat_test models/mine
  sed -i 's/^model: .*/model: mine/' models/mine/workload.yaml
  sed -i 's/^name: "gat_test"/name: "mine"/' models/mine/config.pbtxt
  apptainer exec --cleanenv --no-home --bind "$PWD/models:/models:ro" triton.sif tritonserver \\
    --model-repository=/models --grpc-address=127.0.0.1 --grpc-port=8001 --allow-http=false --allow-metrics=false \\
    --backend-config=python,shm-region-prefix-name=story- </dev/null >triton.log 2>&1 &
  echo $! >triton.pid`;

const endUnmanagedTriton = `
  kill "$(ps -o pid=,comm= --ppid "$(cat triton.pid)" | awk '$2 == "tritonserver" { print $1 }')"
  while kill -0 "$(cat triton.pid)" 2>/dev/null; do sleep 0.1; done
  rm -rf /tmp/python_env_*`;

export const stories: readonly Story[] = [
  {
    page: 'docs/guides/five-minutes.md',
    node: 'login',
    given: `cp -r ~/gat/${fewRequests} models; cp ~/gat/triton.sif .`,
  },
  { page: 'docs/guides/runs.md', node: 'login', given: project(quickModels) },
  { page: 'docs/reference/model.md', node: 'login', given: project(fewRequests) },
  {
    page: 'docs/reference/test.md',
    node: 'login',
    given: `${project(quickModels)}; ${unmanagedTriton}; hpc-gat start --id RUN`,
    after: `hpc-gat stop RUN; ${endUnmanagedTriton}`,
  },
  {
    page: 'docs/guides/serving.md',
    node: 'login',
    given: project(quickModels),
    after: 'hpc-gat cleanup --all',
  },
  {
    page: 'docs/guides/docker.md',
    node: 'workstation',
    given: `docker tag ${tritonImage} triton:24.05; cp -r ~/gat/${quickModels} models
      echo 'image: { source: docker-daemon:triton:24.05 }' >hpc-gat.yaml`,
    after: 'hpc-gat cleanup --all',
  },
  { page: 'docs/guides/install.md', node: 'login', given: '' },
  {
    page: 'docs/reference/completion.md',
    node: 'login',
    given: 'mkdir -p ~/.local/share/bash-completion/completions ~/.zfunc',
  },
  {
    page: 'docs/reference/sif.md',
    node: 'workstation',
    given: `${image('story:sif')} && docker save -o image.tar story:sif && hpc-gat make-sif docker-archive:image.tar -o triton.sif`,
  },
  {
    page: 'docs/reference/cache.md',
    node: 'workstation',
    given: `${image('story:cache')} && docker save -o image.tar story:cache && hpc-gat make-sif docker-archive:image.tar -o triton.sif`,
  },
  {
    page: 'docs/reference/make-sif.md',
    node: 'workstation',
    given: `${image('triton:24.05')} && docker save -o triton.tar triton:24.05 && gzip -k triton.tar && mkdir layout && tar -C layout -xf triton.tar`,
  },
];

/** Lines of shell blocks that no story runs, with the reasons. */
export interface NotRun {
  readonly page: string;
  readonly line: RegExp;
  readonly why: string;
  /** The page that has the same command. */
  readonly sameAs?: string;
}

export const notRun: readonly NotRun[] = [
  { page: 'README.md', line: /^npm run demo$/, why: 'test/e2e/demo.test.ts runs it' },
  { page: 'README.md', line: /^npm test$/, why: 'it is what runs this' },
  {
    page: 'README.md',
    line: /^npm ci && npm run dist$/,
    why: 'test/e2e/published.test.ts runs npm run dist',
  },
  { page: 'README.md', line: /^scp /, why: 'a cluster of somebody' },
  { page: 'README.md', line: /^hpc-gat /, sameAs: 'docs/guides/five-minutes.md', why: 'the guide is run' },
  {
    page: 'docs/guides/five-minutes.md',
    line: /^hpc-gat make-sif docker/,
    why: 'an image of the reader; the story of docs/reference/make-sif.md has the same',
  },
  {
    page: 'docs/guides/five-minutes.md',
    line: /^cp -r "\$\(hpc-gat files\)/,
    sameAs: 'docs/guides/install.md',
    why: 'the models of the story are smaller',
  },
  {
    page: 'docs/guides/install.md',
    line: /^npm |^export PATH|^git clone|^node bin/,
    why: 'test/e2e/published.test.ts does it',
  },
  { page: 'docs/guides/own-model.md', line: /./, why: 'test/e2e/tutorial.test.ts follows it' },
  { page: 'docs/guides/install.md', line: /^scp /, why: 'a cluster of somebody' },
  {
    page: 'docs/reference/make-sif.md',
    line: /nvcr\.io/,
    why: "NVIDIA's registry; test/e2e/make-sif-registry.test.ts has another",
  },
  {
    page: 'docs/reference/make-sif.md',
    line: /^hpc-gat make-sif defs\//,
    why: "it begins with NVIDIA's image",
  },
  {
    page: 'docs/guides/bundled-image-and-model.md',
    line: /./,
    why: 'test/e2e/model.test.ts does it, with packages that it keeps',
  },
  {
    page: 'docs/reference/build.md',
    line: /./,
    why: "NVIDIA's images; test/e2e/build-images.test.ts does it with another base",
  },
];

export function whyNotRun(page: string, line: string): string | undefined {
  return notRun.find((each) => each.page === page && each.line.test(line))?.why;
}

/** Returns the lines of each shell block of a page, without those that are not run. */
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
