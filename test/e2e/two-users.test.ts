import { layerBytes } from '../image/layer-bytes.ts';
import { savedByDocker25 } from '../image/saved-image.ts';
import { describeInLab } from '../support/lab.ts';
import { testPlanted, type Planted } from '../support/two-users.ts';

const config = `printf 'site: lab\\nmodel: { name: planted }\\nsetup: ["touch %s"]\\n' "$canary" >hpc-gat.yaml`;
const show = 'hpc-gat config show';

/** Discovered configuration, docs/reference/configuration.md. */
const configurations: Planted[] = [
  {
    name: 'hpc-gat.yaml of another user, in a directory above that only alice can write by now',
    bob: config,
    alice: `chmod 755 .; mkdir -p sub/deep; cd sub/deep; ${show}`,
    prints:
      /hpc-gat\.yaml is not used: it belongs to bob; to use it anyway: --config [^]*model\.name +gat_test /,
  },
  {
    name: 'hpc-gat.yaml of another user in the working directory',
    bob: config,
    alice: `chmod 755 .; ${show}`,
    prints: /it belongs to bob/,
    printsNot: /planted/,
  },
  {
    name: 'hpc-gat.yaml of alice that everybody can write',
    bob: '',
    alice: `chmod 755 .; echo 'model: { name: mine }' >hpc-gat.yaml; chmod 666 hpc-gat.yaml; ${show}`,
    prints: /it belongs to alice and can be changed by everybody \(mode 0666\)/,
    printsNot: / mine /,
  },
  {
    name: 'hpc-gat.yaml of alice in a directory that everybody can write',
    bob: '',
    alice: `echo 'model: { name: mine }' >hpc-gat.yaml; ${show}`,
    prints: /can be changed by everybody \(mode 0777\)/,
    printsNot: / mine /,
  },
  {
    name: 'hpc-gat.yaml of alice, and her private group may write it',
    bob: '',
    alice: `chmod 775 .; echo 'model: { name: mine }' >hpc-gat.yaml; chmod 664 hpc-gat.yaml; ${show}`,
    prints: /^model\.name +mine /m,
    printsNot: /is not used/,
  },
  {
    name: 'hpc-gat.yaml of alice, and an access control list lets bob write it',
    bob: '',
    alice: `chmod 755 .; echo 'model: { name: mine }' >hpc-gat.yaml; chmod 664 hpc-gat.yaml
      perl -e '($file, $name) = ("hpc-gat.yaml", "system.posix_acl_access"); # setxattr(2), with a list as of acl(5)
        $list = pack "L(SSL)*", 2, 1, 6, -1, 2, 6, shift, 4, 6, -1, 16, 6, -1, 32, 4, -1;
        syscall(188, $file, $name, $list, length $list, 0) == 0 or die $!' $(id -u bob) && ${show}`,
    prints: /belongs to alice and can be changed by users in its access control list/,
    printsNot: / mine /,
  },
  {
    name: 'hpc-gat.yaml of alice, and a group that bob is in may write it',
    bob: '',
    alice: `chmod 755 .; echo 'model: { name: mine }' >hpc-gat.yaml; chgrp docker hpc-gat.yaml; chmod 664 hpc-gat.yaml; ${show}`,
    prints: /can be changed by group docker \(mode 0664\)/,
    printsNot: / mine /,
  },
  {
    name: 'hpc-gat.yaml that is a link of alice to a file of bob',
    bob: `mkdir hers; cd hers; ${config}`,
    alice: `chmod 755 .; ln -s hers/hpc-gat.yaml hpc-gat.yaml; ${show}`,
    prints: /belongs to bob/,
    printsNot: /planted/,
  },
  {
    name: 'hpc-gat.yaml that is named is used',
    bob: config,
    alice: `${show} --config hpc-gat.yaml`,
    prints: /^model\.name +planted /m,
    printsNot: /is not used/,
  },
  ...[
    ['a directory', 'mkdir hpc-gat.yaml'],
    ['a named pipe', 'mkfifo -m 666 hpc-gat.yaml'],
    ['a file that alice cannot read', 'touch hpc-gat.yaml; chmod 600 hpc-gat.yaml'],
    ['a link in a circle', 'ln -s hpc-gat.yaml hpc-gat.yaml'],
    ['a bomb', `yes 'a: [' | head -c 1M >hpc-gat.yaml`],
  ].map(([what = '', bob = '']) => ({
    name: `hpc-gat.yaml that is ${what}`,
    bob,
    alice: 'hpc-gat status',
    prints: /hpc-gat\.yaml is not used[^]*no run yet/,
  })),
  {
    name: 'hpc-gat.yaml in a sticky directory above',
    bob: `${config}; mv hpc-gat.yaml /tmp/; chmod 644 /tmp/hpc-gat.yaml`,
    alice: `mkdir -p /tmp/alice-project; cd /tmp/alice-project; ${show}; rm -r /tmp/alice-project`,
    printsNot: /planted|is not used/,
  },
  {
    name: 'a site profile of another user, which the file of alice names',
    bob: `printf 'description: x\\nsetup: ["touch %s"]\\n' "$canary" >site.yaml`,
    alice: `chmod 755 .; echo 'site: ./site.yaml' >hpc-gat.yaml; ${show}`,
    exitCode: 2,
    prints:
      /the site profile .*site\.yaml is not used: it belongs to bob\n {2}fix: to use it anyway: --site /,
  },
];

/** Lines that plant a run directory whose cleanup would execute code as alice and remove her files. */
const run = `
  if [ ! -e $temporary/plan.json ]; then
    cd $temporary
    printf 'site: lab\\nsetup: ["touch CANARY"]\\n' >hpc-gat.yaml
    hpc-gat render --json --id zz --image x.sif | jq .plan >plan.json
    cd - >/dev/null
  fi
  mkdir -p .hpc-gat/runs/zz/owned/login.1
  cd .hpc-gat/runs/zz
  sed "s|CANARY|$canary|" $temporary/plan.json >plan.json
  echo login >owned/login.1/host; echo 1 1 >owned/login.1/script; echo "$precious" >owned/login.1/temp
  echo "/tmp/hpc-gat-zz.aB3xYz/../..$precious" >owned/login.1/shared-memory
  printf '{"schemaVersion":1,"jobId":"1"}' >job.json
  ln -s "$precious/thesis" batch.log
  chmod -R a+rX .; cd ../../..; chmod 755 .hpc-gat .hpc-gat/runs`;

/** Submits a job that is held, uses its run by every verb, and ends it. */
function submit(id: string): string {
  const options = `--site lab --image /etc/hostname --models /opt/hpc-gat/test/fixtures/quick-models --id ${id}`;
  const directory = '.hpc-gat-alice/runs';
  return `hpc-gat submit ${options} --sbatch hold && hpc-gat status && stat -c '%U %a %n' ${directory} ${directory}/${id} && hpc-gat logs ${id} && hpc-gat cleanup ${id}`;
}

const runs: Planted[] = [
  {
    name: 'a run of another user, and verbs that name none',
    bob: run,
    alice: `chmod 755 .; for verb in status cleanup 'cleanup --all' stop endpoints; do hpc-gat $verb || echo failed; done`,
    prints:
      /^1 run of another user is not shown\nno run yet\nnothing to clean up\nnothing to clean up\nnothing to stop\nno run serves/,
    printsNot: /warning|zz|failed/,
  },
  {
    name: 'a run of another user, and verbs that name it',
    bob: run,
    alice: `chmod 755 .; for verb in status cleanup stop logs endpoints test; do hpc-gat $verb zz; echo "exit code $?"; done`,
    prints: /^(hpc-gat: run zz does not belong to you: it belongs to bob\n {2}fix: .*\nexit code 2\n?){6}$/,
  },
  {
    name: 'runs of a directory that alice cannot read',
    bob: 'mkdir -p -m 700 .hpc-gat/runs; chmod 755 .hpc-gat',
    alice: 'hpc-gat status',
    prints: /^no run yet/,
  },
  ...['mkdir -m 777 .hpc-gat', 'mkdir -m 777 elsewhere; ln -s elsewhere .hpc-gat'].map((bob, at) => ({
    name: `the directory of runs: ${bob}`,
    bob,
    alice: submit(`theirs-${at}`),
    prints:
      /note: runs in .* can be replaced before they start, because it .* can be changed by everybody .*; fix: chmod \+t [^]*\nalice 755 \.hpc-gat-alice\/runs\nalice 700 .*runs\/theirs-.\n[^]*theirs-.: cancel job/,
  })),
  {
    name: 'a project of a group, where bob was first',
    bob: run,
    alice: `chgrp docker .; chmod 3775 .; hpc-gat status; ${submit('shared')}`,
    prints: /^1 run of another user is not shown\nno run yet\n[^]*^shared +\d+ [^]*^shared: cancel job/m,
    printsNot: /can be replaced|zz/,
  },
  {
    name: 'a directory for runs of alice that belongs to bob',
    bob: 'mkdir -m 777 .hpc-gat .hpc-gat-alice',
    alice: submit('mine'),
    exitCode: 2,
    prints: /runs cannot be stored in .*\.hpc-gat-alice, where others could replace them: it belongs to bob/,
    printsNot: /submitted|^mine/m,
  },
];

const makeSif = 'hpc-gat make-sif docker-archive:$HOME/two-users/input -o x.sif';
/** Identity of a process of the login node, as hpc-gat writes it. */
const init = `ticks=$(awk '{ print $22 }' /proc/1/stat)`;

const images: Planted[] = [
  {
    name: 'a leftover of a conversion that names init as its engine',
    bob: `${init}; mkdir .x.sif.login-99999-1.work; printf '{"host":"login","pid":1,"startTicks":%s}' $ticks >.x.sif.login-99999-1.work/child.json; chmod -R a+rwX .x*`,
    alice: `sleep 100 & ${makeSif} && kill $!`,
    prints: /x\.sif/,
  },
  {
    name: 'a leftover that is a link',
    bob: 'ln -s "$precious" .x.sif.login-99999-1.work',
    alice: makeSif,
  },
  {
    name: 'a lock that names a process of somebody else',
    bob: `${init}; printf '{"host":"login","pid":1,"startTicks":%s}' $ticks >.x.sif.lock; touch -d 2100-01-01 .x.sif.lock`,
    alice: makeSif,
    printsNot: /waiting/,
  },
  {
    name: 'a lock that is a link to a file of alice',
    bob: 'ln -s "$precious/thesis" .x.sif.lock',
    alice: makeSif,
    exitCode: 1,
    prints: /\.x\.sif\.lock is not a lock, but has the name of one/,
  },
  {
    name: 'a SIF of another user with a record',
    bob: 'cp $(dirname $precious)/../input input.tar; hpc-gat make-sif docker-archive:input.tar -o x.sif --no-cache',
    alice: makeSif,
    exitCode: 2,
    prints: /x\.sif already exists, but it belongs to bob, so its content cannot be trusted/,
  },
  {
    name: 'a layer cache of another user',
    bob: 'mkdir -m 777 cache',
    alice: `chmod 755 .; echo "cache: { folder: $PWD/cache }" >hpc-gat.yaml; ${makeSif} && ls -A cache`,
    prints: /the layer cache .*\/cache is not used: it belongs to bob/,
    printsNot: /zstd-/,
  },
];

const others: Planted[] = [
  {
    name: 'a directory for keys',
    bob: 'mkdir -m 777 tls',
    alice: 'hpc-gat credentials tls --until 4000000000; code=$?; ls -A tls; exit $code',
    exitCode: 2,
    prints: /keys cannot be stored in .*tls: it belongs to bob, who could replace them/,
    printsNot: /\.pem/,
  },
  {
    name: 'a directory for compiled code',
    bob: 'mkdir -p -m 777 cache/hpc-gat/node; chmod 777 cache cache/hpc-gat',
    alice: 'XDG_CACHE_HOME=$PWD/cache hpc-gat --version; ls -A cache/hpc-gat/node',
    printsNot: /v2\d/,
  },
  ...['env -u HOME', 'HOME='].map((without) => ({
    name: `the working directory is no directory for caches: ${without}`,
    bob: 'mkdir -p -m 777 .cache/hpc-gat; chmod 777 .cache',
    alice: `${without} hpc-gat cache list; find .cache -user alice`,
    prints: /\/home\/alice\/\.cache\/hpc-gat\/layers/,
    printsNot: /^\.cache/m,
  })),
];

describeInLab('what bob plants has no effect on alice', () => {
  testPlanted([...configurations, ...runs, ...images, ...others], {
    input: savedByDocker25([layerBytes([{ name: 'large', data: Buffer.alloc(300_000, 'x') }])], 'two:users'),
  });
});
