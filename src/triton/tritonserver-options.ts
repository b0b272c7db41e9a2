/**
 * Long options of tritonserver 2.51 (24.10) and of its main branch in 2026.
 *
 * Source: triton-inference-server/server, src/command_line_parser.cc.
 */
const knownOptions = `
allow-client-shm allow-cpu-metrics allow-gpu-metrics allow-grpc allow-http allow-metrics allow-sagemaker
allow-vertex-ai backend-config backend-directory buffer-manager-thread-count cache-config cache-directory
cuda-memory-pool-byte-size cuda-virtual-address-size disable-auto-complete-config enable-peer-access exit-on-error
exit-timeout-secs grpc-address grpc-header-forward-pattern grpc-http2-max-ping-strikes
grpc-http2-max-pings-without-data grpc-http2-min-recv-ping-interval-without-data grpc-infer-allocation-pool-size
grpc-infer-response-compression-level grpc-infer-thread-count grpc-keepalive-permit-without-calls grpc-keepalive-time
grpc-keepalive-timeout grpc-max-connection-age grpc-max-connection-age-grace grpc-max-response-pool-size grpc-port
grpc-restricted-protocol grpc-root-cert grpc-server-cert grpc-server-key grpc-use-ssl grpc-use-ssl-mutual help
host-policy http-address http-header-forward-pattern http-max-input-size http-port http-restricted-api
http-thread-count id load-model log-error log-file log-format log-info log-verbose log-warning metrics-address
metrics-config metrics-interval-ms metrics-port min-supported-compute-capability model-config-name model-control-mode
model-load-gpu-limit model-load-retry-count model-load-thread-count model-namespacing model-repository model-store
pinned-memory-pool-byte-size rate-limit rate-limit-resource repoagent-directory repository-poll-secs
response-cache-byte-size reuse-grpc-port reuse-http-port sagemaker-port sagemaker-safe-port-range
sagemaker-thread-count strict-model-config strict-readiness trace-config trace-count trace-file trace-level
trace-log-frequency trace-rate vertex-ai-default-model vertex-ai-port vertex-ai-thread-count
`
  .trim()
  .split(/\s+/);

/** Options without a value. */
const withoutValue: readonly string[] = ['help', 'disable-auto-complete-config'];

export interface ServerOption {
  /** Arguments as written: `--allow-h=true`, `--http-port 8000`. */
  readonly text: string;
  /** Options that the name may abbreviate; empty for a name that no known version of tritonserver has. */
  readonly names: readonly string[];
  /** Value of the option; undefined for an option without one. */
  readonly value: string | undefined;
}

/**
 * Parses arguments of tritonserver as its getopt_long does: `--name=value` or `--name value`, and a name may
 * be shortened to a prefix that no other option shares. Which prefixes are unique depends on the version, so
 * that all candidates are returned.
 *
 * @returns the options; arguments that are neither a long option nor its value are returned as strings
 */
export function parseServerArguments(args: readonly string[]): (ServerOption | string)[] {
  const parsed: (ServerOption | string)[] = [];
  for (let at = 0; at < args.length; at += 1) {
    const argument = args[at] ?? '';
    const match = /^--(?<name>[^=\s]+)(?:=(?<value>[\s\S]*))?$/.exec(argument);
    if (match === null) {
      parsed.push(argument);
      continue;
    }
    const { name = '', value } = match.groups ?? {};
    const names = listOptionsNamed(name);
    const next = args[at + 1];
    if (value === undefined && next !== undefined && takesNext(names, next)) {
      parsed.push({ text: `${argument} ${next}`, names, value: next });
      at += 1;
    } else {
      parsed.push({ text: argument, names, value });
    }
  }
  return parsed;
}

/** Returns the option itself, or all options that begin with this name. */
function listOptionsNamed(name: string): readonly string[] {
  return knownOptions.includes(name) ? [name] : knownOptions.filter((option) => option.startsWith(name));
}

/**
 * Returns whether the next argument is the value of an option; the value of an unknown option cannot begin
 * with a dash.
 */
function takesNext(names: readonly string[], next: string): boolean {
  return names.length === 0 ? !next.startsWith('-') : names.every((name) => !withoutValue.includes(name));
}

/** Names of all options, for suggestions. */
export const serverOptionNames: readonly string[] = knownOptions;

/** Returns whether tritonserver reads this value of a boolean option as false. */
export function isFalse(value: string | undefined): boolean {
  return /^(?:false|off|0)$/i.test(value ?? '');
}

/** Returns whether tritonserver reads this value of a boolean option as true. */
export function isTrue(value: string | undefined): boolean {
  return /^(?:true|on|1)$/i.test(value ?? '');
}
