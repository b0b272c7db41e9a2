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

/** Flag that all threads share; 1 once a thread has claimed the job. */
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
  /** Number of pending requests of this thread. */
  pending: number;
}

/** Limit of threads: more would wait for the same disk, and each takes some MiB. */
const maxThreads = 4;
/**
 * Number of waiting bytes that justifies another thread: starting one takes as long as hashing a quarter of
 * them.
 */
const bytesPerThread = 512 * 1024 * 1024;

/**
 * Threads that hash, copy or move parts of files while this thread continues, and may help. Each starts on
 * demand. The signal cancels all work; no request is settled before its thread has closed its files.
 *
 * Every running thread receives all jobs; an idle thread claims one, without waiting for this thread.
 */
export class FileThreads {
  readonly #data: FileWorkData = { canceled: new Int32Array(new SharedArrayBuffer(4)) };
  readonly #threads: readonly FileThread[];
  readonly #signal: AbortSignal;
  #jobs: Job[] = [];
  /** Number of threads that have started. */
  #started = 0;
  #helps = 0;
  #isBusy = false;
  #closed: Error | undefined;
  #begin: ((request: FileRequest) => FileSteps) | undefined;

  /** @param count largest number of threads beside this one */
  constructor(count: number, signal: AbortSignal) {
    const text = `(${unlessClaimed.toString()})(${createFileWork.toString()})`;
    this.#threads = Array.from({ length: Math.min(count, maxThreads) }, () => ({
      thread: new Thread(text, this.#data),
      pending: 0,
    }));
    this.#signal = signal;
    signal.addEventListener('abort', this.#cancel);
  }

  /**
   * Returns the SHA-256 of a part of a file, 64 hexadecimal digits.
   *
   * @param onBytes called with the number of bytes that were read since the last call
   * @throws the error of the file system; the signal's reason
   */
  async sha256(part: FilePart, onBytes?: OnBytes): Promise<string> {
    return await this.#request({ hash: part }, part.length, onBytes);
  }

  /**
   * Copies part of a file to a position in another one. Both must stay open meanwhile.
   *
   * @returns a checksum of the bytes read, 32 hexadecimal digits: GMAC (NIST SP 800-38D) with a key of zeros.
   * It detects changes, but does not authenticate; processors compute it in a quarter of the time of a
   * CRC-32.
   * @throws the error of the file system; the signal's reason
   */
  async copy(
    source: { readonly file: FileHandle; readonly start: number; readonly length: number },
    target: { readonly file: FileHandle; readonly position: number },
  ): Promise<string> {
    const { start, length } = source;
    const { position } = target;
    const copy = { from: source.file.fd, start, length, to: target.file.fd, position };
    return await this.#request({ copy }, length);
  }

  /**
   * Moves bytes inside a file towards its beginning, one move after the other. The file must stay open
   * meanwhile.
   *
   * @throws the error of the file system; the signal's reason
   */
  async move(file: FileHandle, moves: readonly Move[]): Promise<void> {
    const length = moves.reduce((sum, { bytes }) => sum + bytes, 0);
    if (length > 0) {
      await this.#request({ move: { file: file.fd, moves } }, length);
    }
  }

  /** Starts a thread in advance, so that the first job does not wait for it. */
  start(): void {
    this.#threads[0]?.thread.start();
  }

  /** Waits for a result and works on jobs in this thread meanwhile. */
  async helpWith<Result>(done: Promise<Result>): Promise<Result> {
    this.#helps += 1;
    void this.#help();
    try {
      return await done;
    } finally {
      this.#helps -= 1;
      this.#startAnother();
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

  async #request(request: FileRequest, bytes: number, onBytes?: OnBytes): Promise<FileAnswer> {
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
        const started = this.#threads.slice(0, this.#started);
        const isIdleThread = started.some(({ pending }) => pending === 0);
        started.forEach(requestFrom(job));
        if (!isIdleThread) {
          this.#startAnother();
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

  /** Starts the first thread when none works, or another one when many bytes wait. */
  #startAnother(): void {
    const waiting = this.#jobs.filter(isFree);
    const bytes = waiting.reduce((sum, job) => sum + job.bytes, 0);
    const another = this.#threads[this.#started];
    const hasNoThread = waiting.length > 0 && this.#started + this.#helps === 0;
    if (another !== undefined && (bytes > bytesPerThread || hasNoThread)) {
      this.#started += 1;
      waiting.forEach((job) => {
        requestFrom(job)(another);
      });
    }
  }

  async #help(): Promise<void> {
    while (this.#helps > 0 && !this.#isBusy) {
      // Callers wait for copies and moves; digests are needed only at the end.
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

  /** Does the work of a request in this thread and yields to the event loop between steps. */
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
    Atomics.store(this.#data.canceled, 0, 1);
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
    fileThread.pending += 1;
    void fileThread.thread
      .request([request, claim], onBytes)
      .then((answer) => {
        if (answer !== undefined) {
          resolve(answer);
        }
      }, reject)
      .finally(() => {
        fileThread.pending -= 1;
      });
  };
}

/** Runs in the thread; returns no answer when another thread has claimed the job. */
function unlessClaimed(
  work: (data: FileWorkData) => (request: FileRequest) => FileSteps,
): ThreadWork<FileWorkData, readonly [FileRequest, Claim], FileAnswer | undefined, number> {
  return (data) => {
    const begin = work(data);
    return ([request, claim], report) => {
      if (Atomics.compareExchange(claim, 0, 0, 1) !== 0) {
        return undefined;
      }
      const steps = begin(request);
      let unreported = 0;
      let step = steps.next();
      for (; step.done !== true; step = steps.next()) {
        unreported += step.value;
        if (unreported >= 8 * 1024 * 1024) {
          report(unreported);
          unreported = 0;
        }
      }
      report(unreported);
      return step.value;
    };
  };
}
