import type { FileHandle } from 'node:fs/promises';
import { setImmediate as untilNextTurn } from 'node:timers/promises';
import {
  createFileWork,
  type FileAnswer,
  type FilePart,
  type FileRequest,
  type FileSteps,
  type FileWorkData,
  type Move,
} from './file-work.ts';
import { Thread, type ThreadWork } from './thread.ts';

type OnBytes = (bytes: number) => void;

/** Not 0 when somebody has begun; shared by all threads. */
type Claim = Int32Array;

interface Job {
  readonly request: FileRequest;
  readonly bytes: number;
  readonly claim: Claim;
  readonly onBytes: OnBytes | undefined;
  readonly resolve: (answer: FileAnswer) => void;
  readonly reject: (error: unknown) => void;
}

interface FileThread {
  readonly thread: Thread<readonly [FileRequest, Claim], FileAnswer | undefined, number>;
  /** What it was asked and has not answered. */
  asked: number;
}

/** More would wait for the same disk, and each takes some MiB. */
const maxThreads = 4;
/** Bytes that wait: to start a thread takes a processor as long as to hash a quarter of them. */
const bytesPerThread = 512 * 1024 * 1024;

/**
 * Threads that read files beside this one, for their digests, or to copy or move what is in them; this one may help. Each
 * starts when it is needed. All ends with the signal: but nothing is answered before the thread has let go of the files.
 *
 * What there is to do lies at every thread that is there, and who is free claims it: none waits for this one to hand it out.
 */
export class FileThreads {
  readonly #data: FileWorkData = { cancelled: new Int32Array(new SharedArrayBuffer(4)) };
  readonly #threads: readonly FileThread[];
  readonly #signal: AbortSignal;
  #jobs: Job[] = [];
  /** So many of the threads are there. */
  #there = 0;
  #helps = 0;
  #isBusy = false;
  #closed: Error | undefined;
  #begin: ((request: FileRequest) => FileSteps) | undefined;

  /** @param count so many at once, at most, beside this one */
  constructor(count: number, signal: AbortSignal) {
    const text = `(${unlessClaimed.toString()})(${createFileWork.toString()})`;
    this.#threads = Array.from({ length: Math.min(count, maxThreads) }, () => ({
      thread: new Thread(text, this.#data),
      asked: 0,
    }));
    this.#signal = signal;
    signal.addEventListener('abort', this.#cancel);
  }

  /**
   * The SHA-256 of a part of a file, 64 hexadecimal digits.
   *
   * @param onBytes told how many bytes were read since the last call
   * @throws what the file system says; the signal's reason
   */
  async sha256(part: FilePart, onBytes?: OnBytes): Promise<string> {
    return await this.#ask({ hash: part }, part.length, onBytes);
  }

  /**
   * Copies from a file to a place in another one. Both are to stay open meanwhile.
   *
   * @returns a checksum of what was read, 32 hexadecimal digits: GMAC (NIST SP 800-38D) with a key of zeros. It tells what
   *   has changed, not who did it; processors make it in a quarter of the time of a CRC-32.
   * @throws what the file system says; the signal's reason
   */
  async copy(
    source: { readonly file: FileHandle; readonly start: number; readonly length: number },
    target: { readonly file: FileHandle; readonly position: number },
  ): Promise<string> {
    const { start, length } = source;
    const { position } = target;
    const copy = { from: source.file.fd, start, length, to: target.file.fd, position };
    return await this.#ask({ copy }, length);
  }

  /**
   * Moves bytes inside a file, which is to stay open meanwhile, towards its beginning: one move after the other.
   *
   * @throws what the file system says; the signal's reason
   */
  async move(file: FileHandle, moves: readonly Move[]): Promise<void> {
    const length = moves.reduce((sum, { bytes }) => sum + bytes, 0);
    if (length > 0) {
      await this.#ask({ move: { file: file.fd, moves } }, length);
    }
  }

  /** Starts one before there is something to do, so that this need not wait for it. */
  start(): void {
    this.#threads[0]?.thread.start();
  }

  /** Until something is done, this thread takes part: it has nothing else to do. */
  async helpWith<Result>(done: Promise<Result>): Promise<Result> {
    this.#helps += 1;
    void this.#help();
    try {
      return await done;
    } finally {
      this.#helps -= 1;
      this.#askAnother();
    }
  }

  close(): void {
    this.#signal.removeEventListener('abort', this.#cancel);
    this.#cancel();
    const closed = new Error('closed while it worked');
    this.#closed ??= closed;
    this.#jobs.splice(0).forEach(({ reject }) => {
      reject(closed);
    });
    this.#threads.forEach(({ thread }) => {
      thread.close();
    });
  }

  async #ask(request: FileRequest, bytes: number, onBytes?: OnBytes): Promise<FileAnswer> {
    this.#signal.throwIfAborted();
    if (this.#closed !== undefined) {
      throw this.#closed;
    }
    let job: Job | undefined;
    try {
      return await new Promise((resolve, reject) => {
        const claim = new Int32Array(new SharedArrayBuffer(4));
        job = { request, bytes, claim, onBytes, resolve, reject };
        this.#jobs.push(job);
        const there = this.#threads.slice(0, this.#there);
        const isTaken = there.some(({ asked }) => asked === 0);
        there.forEach(requestFrom(job));
        if (!isTaken) {
          this.#askAnother();
          void this.#help();
        }
      });
    } catch (error) {
      this.#signal.throwIfAborted();
      throw error;
    } finally {
      this.#jobs = this.#jobs.filter((other) => other !== job);
    }
  }

  /** The first, where nobody is there; another one, where much waits. */
  #askAnother(): void {
    const waiting = this.#jobs.filter(isFree);
    const bytes = waiting.reduce((sum, job) => sum + job.bytes, 0);
    const another = this.#threads[this.#there];
    const isNobody = waiting.length > 0 && this.#there + this.#helps === 0;
    if (another !== undefined && (bytes > bytesPerThread || isNobody)) {
      this.#there += 1;
      waiting.forEach((job) => {
        requestFrom(job)(another);
      });
    }
  }

  async #help(): Promise<void> {
    while (this.#helps > 0 && !this.#isBusy) {
      // For bytes that are to be somewhere others wait; for a digest who ends the whole.
      const waiting = this.#jobs.filter(isFree);
      const job = waiting.find(({ request }) => !('hash' in request)) ?? waiting[0];
      if (job === undefined) {
        return;
      }
      if (tryClaim(job.claim)) {
        this.#isBusy = true;
        await this.#workHere(job.request, job.onBytes).then(job.resolve, job.reject);
        this.#isBusy = false;
      }
    }
  }

  /** Between two steps others have their turn. */
  async #workHere(request: FileRequest, onBytes: OnBytes = () => undefined): Promise<FileAnswer> {
    this.#begin ??= createFileWork(this.#data);
    const steps = this.#begin(request);
    for (;;) {
      const step = steps.next();
      if (step.done === true) {
        return step.value;
      }
      onBytes(step.value);
      await untilNextTurn();
    }
  }

  readonly #cancel = () => {
    Atomics.store(this.#data.cancelled, 0, 1);
  };
}

function isFree({ claim }: Job): boolean {
  return Atomics.load(claim, 0) === 0;
}

function tryClaim(claim: Claim): boolean {
  return Atomics.compareExchange(claim, 0, 0, 1) === 0;
}

function requestFrom({ request, claim, onBytes, resolve, reject }: Job): (thread: FileThread) => void {
  return (fileThread) => {
    fileThread.asked += 1;
    void fileThread.thread
      .ask([request, claim], onBytes)
      .then((answer) => {
        if (answer !== undefined) {
          resolve(answer);
        }
      }, reject)
      .finally(() => {
        fileThread.asked -= 1;
      });
  };
}

/** Runs in the thread; no answer where another one has begun. */
function unlessClaimed(
  work: (data: FileWorkData) => (request: FileRequest) => FileSteps,
): ThreadWork<FileWorkData, readonly [FileRequest, Claim], FileAnswer | undefined, number> {
  return (data) => {
    const begin = work(data);
    return ([request, claim], tell) => {
      if (Atomics.compareExchange(claim, 0, 0, 1) !== 0) {
        return undefined;
      }
      const steps = begin(request);
      let untold = 0;
      let step = steps.next();
      for (; step.done !== true; step = steps.next()) {
        untold += step.value;
        if (untold >= 8 * 1024 * 1024) {
          tell(untold);
          untold = 0;
        }
      }
      tell(untold);
      return step.value;
    };
  };
}
