import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { labExec } from './lab.ts';

/**
 * A file that bob plants on a file system shared with alice, alice's command, and the expected result. Both are lines
 * of bash in the same new directory, which belongs to alice and is world-writable while bob plants. They can use these
 * variables:
 *
 * - `$canary`: a file in alice's home. Planted code tries to create it as alice.
 * - `$temporary`: a directory of bob, the same for all cases.
 * - `$precious`: a directory of alice with the file `thesis`. Planted code tries to remove or overwrite it.
 */
export interface Planted {
  readonly name: string;
  readonly bob: string;
  readonly alice: string;
  /** Matches the output of the verb, on stdout or stderr. */
  readonly prints?: RegExp;
  readonly printsNot?: RegExp;
  /** Exit code of alice's last line; default: 0. */
  readonly exitCode?: number;
}

interface Outcome {
  readonly exitCode: number;
  readonly output: string;
  /** Whether code of bob was executed as alice. */
  readonly isExecuted: boolean;
  readonly precious: string;
}

const shared = '/scratch/two-users';
/** Functions that several of bob's cases use. */
const temporary = '/tmp/two-users';
const home = '/home/alice/two-users';
const untouched = 'chapter one\n';

/** Number of concurrent cases; hpc-gat uses one thread for most of the time. */
const parallel = 3;
const secondsPerCase = 30;

/**
 * Defines a test for each case: alice's verb ends as expected, and bob's files have no effect. All lines of bob run in
 * one session on the login node, and all of alice's in another, so that a case costs little more than its verb.
 *
 * @param input content of the file `input` in alice's directory for these tests
 */
export function testPlanted(
  cases: readonly Planted[],
  { input }: { readonly input?: Uint8Array } = {},
): void {
  let outcomes: readonly Outcome[] = [];
  beforeAll(async () => {
    const all = [...cases.keys()];
    await removeAll();
    await session(
      'alice',
      [
        `mkdir ${home} ${shared}; cd ${home}`,
        `chmod 755 ${shared}`,
        ...(input === undefined ? [] : ['cat >input']),
        ...all.map(
          (at) => `mkdir -p -m 777 ${shared}/${at} ${home}/${at}/precious; chmod 777 ${shared}/${at}`,
        ),
        ...all.map((at) => `printf '${untouched.replace('\n', '\\n')}' >${home}/${at}/precious/thesis`),
        // bob's files must be able to name them.
        `chmod 711 /home/alice`,
      ],
      input,
    );
    await session('bob', [
      `mkdir ${temporary}`,
      ...cases.map(
        ({ bob }, at) =>
          `(\nset -e\n${variables(at)}\n${bob}\n)\n[ $? = 0 ] || { echo "case ${at}" >&2; exit 9; }`,
      ),
    ]);
    // A verb that hangs fails only its own case.
    const acts = cases.map(
      ({ alice }, at) =>
        `timeout -k 1 ${secondsPerCase} bash >${home}/${at}/output 2>&1 <<'END'; echo $? >${home}/${at}/code\n${variables(at)}\n${alice}\nEND`,
    );
    const background = acts.map(
      (act, at) => `{ ${act}\n} &${at % parallel === parallel - 1 ? '\nwait' : ''}`,
    );
    const results = all.map(
      (at) =>
        `cd ${home}/${at}; printf '%s\\0' "$(cat code)" "$(cat output)" "$(ls canary 2>/dev/null)" "$(cat precious/* 2>&1)."`,
    );
    const stdout = await session('alice', [...background, 'wait', ...results, 'chmod 700 /home/alice']);
    const fields = stdout.split('\0');
    outcomes = all.map((at) => {
      const [code = '', output = '', canary = '', precious = ''] = fields.slice(at * 4);
      return { exitCode: Number(code), output, isExecuted: canary !== '', precious };
    });
  }, 180_000);
  afterAll(removeAll);

  test.each(cases.map((planted, at) => [planted.name, at] as const))('%s', (_name, at) => {
    const { prints = /^/, printsNot = /this is a bug/, exitCode = 0 } = cases[at] ?? {};
    const outcome = outcomes[at];
    expect(outcome).toEqual({
      exitCode,
      output: expect.stringMatching(prints),
      isExecuted: false,
      precious: `${untouched.trim()}.`,
    });
    expect(outcome?.output).not.toMatch(printsNot);
    expect(outcome?.output).not.toMatch(/this is a bug/);
  });
}

/** Removes the files of all cases as root, because bob owns some of them. */
async function removeAll(): Promise<void> {
  await session('root', [`rm -rf ${shared} ${home} /tmp/hpc-gat.yaml ${temporary}`]);
}

function variables(at: number): string {
  return `cd ${shared}/${at}; canary=${home}/${at}/canary; precious=${home}/${at}/precious; temporary=${temporary}`;
}

async function session(
  user: 'alice' | 'bob' | 'root',
  lines: readonly string[],
  input?: Uint8Array,
): Promise<string> {
  const script = lines.join('\n');
  const { exitCode, stdout, stderr } = await labExec('login', ['bash', '-c', script], {
    user,
    timeoutMs: 170_000,
    ...(input !== undefined && { input }),
  });
  if (exitCode !== 0) {
    throw new Error(`the session of ${user} ended with ${exitCode ?? 'a signal'}: ${stderr.slice(-2_000)}`);
  }
  return stdout;
}
