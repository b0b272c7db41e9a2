import { Worker } from 'node:worker_threads';

/**
 * What a thread does: made ready once, it answers requests. Its text goes to the thread, and nothing around it: that is
 * there wherever the program lies, in a checkout, a package or one file. So it knows nothing of its file, and gets at
 * Node's modules by `process.getBuiltinModule`.
 *
 * @param data as the thread was given it; memory in it may be shared
 */
export type ThreadWork<Data, Request, Answer, News = never> = (data: Data) => (
  request: Request,
  /** Says something of a request before it is answered. */
  tell: (news: News) => void,
) => Answer;

type Reply = readonly [kind: 'answer' | 'news' | 'error', value: unknown];

interface Pending<Answer, News> {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
  readonly onNews: (news: News) => void;
}

/** Memory that threads work on where it is. */
export function allocateShared(bytes: number): Buffer {
  return Buffer.from(new SharedArrayBuffer(bytes));
}

/** A thread that answers requests one after the other, in their order. It starts with the first one. */
export class Thread<Request, Answer, News = never> {
  readonly #text: string;
  readonly #data: unknown;
  #worker: Worker | undefined;
  #pending: Pending<Answer, News>[] = [];
  #ended: Error | undefined;

  /** @param text of a {@link ThreadWork} */
  constructor(text: string, data: unknown) {
    this.#text = text;
    this.#data = data;
  }

  /** Starts it before there is something to do, so that this need not wait for it. */
  start(): void {
    this.#started();
  }

  /** @throws what the work throws; that the thread has ended */
  ask(request: Request, onNews: (news: News) => void = () => undefined): Promise<Answer> {
    if (this.#ended !== undefined) {
      return Promise.reject(this.#ended);
    }
    const worker = this.#started();
    return new Promise((resolve, reject) => {
      this.#pending.push({ resolve, reject, onNews });
      worker.postMessage(request);
    });
  }

  /** Ends the thread; what it has not answered fails. */
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
      if (kind === 'news') {
        this.#pending[0]?.onNews(value as News);
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
        answer(request, (news) => reply('news', news)),
      );
    } catch (error) {
      // An error that is copied to another thread would lose what is not of every error, such as a code.
      reply('error', Object.assign({}, error, { message: (error as Error).message }));
    }
  });
}
