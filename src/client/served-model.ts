import type { ModelConfig } from '../triton/inference-server.ts';

/** Server and model as the server reports them. */
export interface ServedModel {
  readonly readyMs: number;
  readonly server: { readonly name: string; readonly version: string };
  readonly modelConfig: ModelConfig;
  /** SHA-256 of the model's configuration as the server reports it. */
  readonly modelConfigDigest: string;
}
