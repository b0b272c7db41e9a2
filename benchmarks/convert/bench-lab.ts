import { copyFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { cli, run } from './this-checkout.ts';

const name = 'bench';
const imagesInLab = '/mnt/images';

/** A lab in which an ordinary user converts images. */
export interface BenchLab {
  /** Command prefix that enters the lab; a shell command is its last argument. */
  readonly enter: readonly string[];
  /** Path of the user's home on this host. */
  readonly home: string;
  /**
   * Runs a shell command in the lab.
   *
   * @returns its standard output
   */
  readonly run: (command: string) => string;
  /** Returns the path in the lab of a file in the directory of the images. */
  pathOf(file: string): string;
  /** Takes the lab down and removes everything of it. */
  close(): void;
}

/**
 * Starts a lab that sees the images, with this checkout's package installed.
 *
 * @param imagesDirectory on this host.
 */
export function openBenchLab(imagesDirectory: string): BenchLab {
  const lab = (verb: string, ...args: string[]) =>
    run(process.execPath, [cli, 'lab', verb, '--name', name, ...args]);
  const close = () => {
    lab('down', '--wipe');
  };
  const enter = [process.execPath, cli, 'lab', 'exec', '--name', name, 'login', '--', 'sh', '-c'];
  const [program = '', ...args] = enter;
  lab('up', '--bind', `${imagesDirectory}:${imagesInLab}`);
  try {
    const { folder: directory } = JSON.parse(lab('status', '--json')) as { folder: string };
    const home = path.join(directory, 'home', 'alice');
    installPackage(path.join(home, 'installed'));
    return {
      enter,
      home,
      run: (command) => run(program, [...args, command]),
      pathOf: (file) => path.join(imagesInLab, path.relative(imagesDirectory, file)),
      close,
    };
  } catch (error) {
    close();
    throw error;
  }
}

/** Installs the package as `npm install` does with the packed file. */
function installPackage(prefix: string): void {
  const packed = mkdtempSync(path.join(tmpdir(), 'hpc-gat-bench-'));
  try {
    run('npm', ['pack', '--silent', '--pack-destination', packed]);
    const [archive = ''] = readdirSync(packed);
    const options = ['--silent', '--global', '--offline', '--prefix', prefix];
    run('npm', ['install', ...options, path.join(packed, archive)]);
    const clock = 'phase-clock.mjs';
    copyFileSync(path.join(import.meta.dirname, clock), path.join(prefix, clock));
  } finally {
    rmSync(packed, { recursive: true });
  }
}
