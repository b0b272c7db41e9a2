import type { CompleteSettings } from '../../config/defaults.ts';
import { UsageError } from '../../support/errors.ts';
import { findNearest } from '../../support/text/suggest.ts';
import {
  isFalse,
  isTrue,
  parseServerArguments,
  serverOptionNames,
  type ServerOption,
} from '../../triton/tritonserver-options.ts';

type Value = string | undefined;

/** Option of tritonserver that the script of a run controls. */
interface Rule {
  /** Space-separated names of the options. */
  readonly options: string;
  /** Explains why a value conflicts with these settings; undefined when it does not. */
  readonly conflict: (value: Value, settings: CompleteSettings) => string | undefined;
  readonly fix: string;
}

const always = (reason: string) => () => reason;

/** Returns the conflict of an interface without TLS, which is allowed when the settings open it or `security` is none. */
const plaintext =
  (isOpen: (triton: CompleteSettings['triton']) => boolean, isSet: boolean) =>
  (value: Value, { triton }: CompleteSettings): string | undefined => {
    if (isFalse(value)) {
      return isOpen(triton) ? 'the settings open this port' : undefined;
    }
    return triton.security === 'none' || (isSet && isTrue(value) && isOpen(triton))
      ? undefined
      : 'Triton listens there without TLS on all addresses, and security is mutual-tls';
  };

const portFix = (key: string) =>
  `leave it out: a run finds free ports on its node; ${key}, and \`hpc-gat endpoints\` lists the port`;

/** Protocols that the client of a run calls without a key. */
const calledProtocols = ['health', 'metadata', 'inference', 'model-config', 'model-repository', 'statistics'];

const rules: readonly Rule[] = [
  {
    options: 'grpc-port',
    conflict: always('the run passes --grpc-port itself'),
    fix: portFix('gRPC is always served'),
  },
  {
    options: 'http-port',
    conflict: always('the run passes --http-port itself'),
    fix: portFix('set triton.http: true'),
  },
  {
    options: 'metrics-port',
    conflict: always('the run passes --metrics-port itself'),
    fix: portFix('set triton.metrics: true'),
  },
  {
    options: 'grpc-address http-address metrics-address',
    conflict: always('the run passes the address itself'),
    fix: 'leave it out: `run` listens on loopback; for other hosts use `start` or `submit --serve`, with node.interface',
  },
  {
    options: 'reuse-grpc-port reuse-http-port',
    conflict: (value) => (isFalse(value) ? undefined : 'another run on the node could share the port'),
    fix: 'leave it out: every run has its own ports',
  },
  {
    options: 'allow-grpc',
    conflict: (value) => (isTrue(value) ? undefined : 'the client of the run calls the server over gRPC'),
    fix: 'leave it out; triton.http: true opens HTTP as well',
  },
  {
    options: 'allow-http',
    conflict: plaintext(({ http }) => http, true),
    fix: 'set triton.http: true for HTTP on loopback, or triton.security: none',
  },
  {
    options: 'allow-metrics',
    conflict: plaintext(({ metrics }) => metrics, true),
    fix: 'set triton.metrics: true for metrics on loopback, or triton.security: none',
  },
  {
    options: 'allow-sagemaker allow-vertex-ai',
    conflict: plaintext(() => false, false),
    fix: 'leave it out, or set triton.security: none',
  },
  {
    options: 'grpc-use-ssl grpc-use-ssl-mutual',
    conflict: (value, { triton }) =>
      (triton.security === 'none' ? isFalse(value) : isTrue(value))
        ? undefined
        : `the client of the run expects security ${triton.security}`,
    fix: 'leave it out: triton.security (mutual-tls or none) decides',
  },
  {
    options: 'grpc-server-cert grpc-server-key grpc-root-cert',
    conflict: (_value, { triton }) =>
      triton.security === 'none'
        ? undefined
        : 'the run creates its certificates, and another authority would admit other clients',
    fix: 'leave it out: `hpc-gat endpoints --export` copies the credentials of a client',
  },
  {
    options: 'grpc-restricted-protocol',
    conflict: (value) =>
      calledProtocols.some((protocol) => value?.split(/[:,]/).includes(protocol) === true)
        ? 'the client of the run calls it without that key'
        : undefined,
    fix: 'leave it out: with triton.security: mutual-tls only the certificates of the run are accepted',
  },
  {
    options: 'model-repository model-store',
    conflict: always('the run serves one repository, which it binds at /models'),
    fix: 'set model.repository, and put all models there',
  },
  {
    options: 'model-control-mode',
    conflict: (value, { model }) =>
      model.serve === undefined ? undefined : `model.serve sets it to explicit, not to ${value ?? 'nothing'}`,
    fix: 'leave it out: model.serve lists the models to load',
  },
  {
    options: 'load-model',
    conflict: (_value, { model }) =>
      model.serve === undefined ? undefined : 'model.serve lists the models to load',
    fix: 'add the model to model.serve',
  },
  {
    options: 'log-file',
    conflict: always('the run reads the log of the server from its standard error'),
    fix: 'leave it out: `hpc-gat logs --server` shows the log, which is stored in the directory of the run',
  },
  { options: 'help', conflict: always('tritonserver only prints its options'), fix: 'leave it out' },
];

/**
 * Checks the arguments for tritonserver in the settings against what the script of a run passes and what its client
 * needs, so that a conflict is reported before the job waits in a queue.
 *
 * @throws {UsageError} naming the option, the conflict, and the setting to use instead.
 */
export function checkServerArguments(settings: CompleteSettings): void {
  const options = parseServerArguments(settings.triton.arguments);
  for (const option of options) {
    if (typeof option === 'string') {
      throw new UsageError(`tritonserver accepts no argument ${JSON.stringify(option)} (triton.arguments)`, {
        fix: 'write each option as one item, "--name=value", or as two: "--name", "value"',
      });
    }
    rejectConflict(option, settings);
  }
  rejectMissingModels(
    options.filter((option) => typeof option !== 'string'),
    settings,
  );
}

function rejectConflict({ text, names, value }: ServerOption, settings: CompleteSettings): void {
  for (const { options, conflict, fix } of rules) {
    const isAffected = options.split(' ').some((option) => names.includes(option));
    const reason = isAffected ? conflict(value, settings) : undefined;
    if (reason !== undefined) {
      throw new UsageError(`${text} in triton.arguments cannot be used: ${reason}`, { fix });
    }
  }
}

/** Rejects missing models: with --model-control-mode=explicit the server loads only the models that its arguments name. */
function rejectMissingModels(options: readonly ServerOption[], { model }: CompleteSettings): void {
  const loaded = listValues(options, 'load-model');
  if (isExplicit(options)) {
    const missing = [model.name].flat().filter((name) => !loaded.includes(name) && !loaded.includes('*'));
    if (missing.length > 0) {
      throw new UsageError(
        `--model-control-mode=explicit in triton.arguments: the server would not load ${missing.join(', ')}`,
        { fix: 'leave it out, and list the models to load in model.serve' },
      );
    }
  } else if (loaded.length > 0) {
    throw new UsageError('--load-model in triton.arguments needs --model-control-mode=explicit', {
      fix: 'leave it out, and list the models to load in model.serve',
    });
  }
}

/** Lists the models that a server with these arguments loads; undefined for all models of its repository. */
export function listLoadedModels(serverArguments: readonly string[]): string[] | undefined {
  const options = parseServerArguments(serverArguments).filter((option) => typeof option !== 'string');
  const loaded = listValues(options, 'load-model');
  return isExplicit(options) && !loaded.includes('*') ? loaded : undefined;
}

function listValues(options: readonly ServerOption[], name: string): string[] {
  return options.filter(({ names }) => names.includes(name)).map(({ value }) => value ?? '');
}

/** Returns whether the server loads only the models that its arguments name; the last value counts. */
function isExplicit(options: readonly ServerOption[]): boolean {
  return listValues(options, 'model-control-mode').at(-1) === 'explicit';
}

/** Formats a warning for each unknown option that resembles an option of tritonserver. */
export function formatMistypedOptions(serverArguments: readonly string[]): string[] {
  return parseServerArguments(serverArguments).flatMap((option) => {
    if (typeof option === 'string' || option.names.length > 0) {
      return [];
    }
    const name = /^--(?<name>[^=\s]*)/.exec(option.text)?.groups?.name ?? '';
    const meant = findNearest(name, serverOptionNames);
    return meant === undefined
      ? []
      : [`triton.arguments: tritonserver may not have an option --${name}; did you mean --${meant}?`];
  });
}
