import type { Credentials } from './registry-credentials.ts';

/** Secrets to redact in messages, in case a server repeats them. */
export class Secrets {
  readonly #texts = new Set<string>();

  add(text: string): void {
    for (const form of [text, encodeURIComponent(text)].filter((one) => one !== '')) {
      this.#texts.add(form);
    }
  }

  addCredentials(credentials: Credentials | undefined): void {
    if (credentials !== undefined) {
      this.add(credentials.kind === 'password' ? credentials.password : credentials.token);
    }
  }

  /** Returns the text with `***` in place of every secret. */
  redact(text: string): string {
    // The longest is replaced first, because it may contain another one.
    return [...this.#texts]
      .sort((a, b) => b.length - a.length)
      .reduce((shown, secret) => shown.replaceAll(secret, '***'), text);
  }
}
