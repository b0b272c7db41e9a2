import { Worker } from 'node:worker_threads';

/**
 * Work of a thread: initialized once, it answers requests. Only the text of the function is passed to the
 * thread, because it is available in a checkout, a package and a single executable alike. It must not refer
 * to other code of its module, and loads Node's modules by `process.getBuiltinModule`.
 *
 * @param data data that the thread was given; memory in it may be shared
 */
export type ThreadWork<Data, Request, Answer, Progress = never> = (data: Data) => (
  request: Request,
  /** Reports progress of a request before it is answered. */
  report: (progress: Progress) => void,
) => Answer;

type Reply = readonly [kind: 'answer' | 'progress' | 'error', value: unknown];

interface Pending<Answer, Progress> {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
  readonly onNews: (progress: Progress) => void;
}

/** Allocates memory that threads share. */
export function allocateShared(bytes: number): Buffer {
  return Buffer.from(new SharedArrayBuffer(bytes));
}

/** Thread that answers requests one after the other, in their order. It starts with the first request. */
export class Thread<Request, Answer, Progress = never> {
  readonly #text: string;
  readonly #data: unknown;
  #worker: Worker | undefined;
  #pending: Pending<Answer, Progress>[] = [];
  #ended: Error | undefined;

  /** @param text source text of a {@link ThreadWork} */
  constructor(text: string, data: unknown) {
    this.#text = text;
    this.#data = data;
  }

  /** Starts the thread in advance, so that the first request does not wait for it. */
  start(): void {
    this.#started();
  }

  /**
   * Sends a request and resolves to its answer.
   *
   * @throws the error of the work; an error when the thread has ended
   */
  request(message: Request, onNews: (progress: Progress) => void = () => undefined): Promise<Answer> {
    if (this.#ended !== undefined) {
      return Promise.reject(this.#ended);
    }
    const worker = this.#started();
    return new Promise((resolve, reject) => {
      this.#pending.push({ resolve, reject, onNews });
      worker.postMessage(message);
    });
  }

  /** Ends the thread; unanswered requests fail. */
  close(): void {
    void this.#worker?.terminate();
    this.#fail(new Error('closed while it worked'));
  }

  #started(): Worker {
    this.#worker ??= this.#newWorker();
    return this.#worker;
  }

  #newWorker(): Worker {
    const worker = new Worker(`(${serve.toString()})(${this.#text})`, {
      eval: true,
      workerData: this.#data,
    });
    worker.on('message', ([kind, value]: Reply) => {
      if (kind === 'progress') {
        this.#pending[0]?.onNews(value as Progress);
        return;
      }
      const pending = this.#pending.shift();
      if (kind === 'answer') {
        pending?.resolve(value as Answer);
      } else {
        pending?.reject(Object.assign(new Error(), value));
      }
    });
    worker.on('error', (error) => {
      this.#fail(error as Error);
    });
    worker.on('exit', () => {
      this.#fail(new Error('the thread has ended'));
    });
    return worker;
  }

  #fail(error: Error): void {
    this.#ended ??= error;
    const pending = this.#pending;
    this.#pending = [];
    pending.forEach(({ reject }) => {
      reject(error);
    });
  }
}

/** Runs in the thread. */
function serve(work: ThreadWork<unknown, unknown, unknown, unknown>): void {
  const thread = process.getBuiltinModule('node:worker_threads');
  const reply = (kind: Reply[0], value: unknown) => thread.parentPort?.postMessage([kind, value]);
  const answer = work(thread.workerData);
  thread.parentPort?.on('message', (request) => {
    try {
      reply(
        'answer',
        answer(request, (progress) => reply('progress', progress)),
      );
    } catch (error) {
      // Copying an error to another thread would lose its own properties, such as a code.
      reply('error', Object.assign({}, error, { message: (error as Error).message }));
    }
  });
}
