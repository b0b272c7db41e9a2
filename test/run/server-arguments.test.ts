import { expect, test } from '@jest/globals';
import type { Settings } from '../../src/config/schema.ts';
import { formatMistypedOptions } from '../../src/run/plan/server-arguments.ts';
import { UsageError } from '../../src/support/errors.ts';
import { samplePlan } from './plan/sample-plan.ts';

const planWith = (args: string[], triton: Settings['triton'] = {}, model: Settings['model'] = {}) =>
  samplePlan({ triton: { ...triton, arguments: args }, model });

test.each([
  // These options open a server that is protected by certificates.
  [['--allow-http=true'], /without TLS.*mutual-tls/, /triton\.http/],
  [['--allow-http', 'true'], /without TLS/, /triton\.http/],
  [['--allow-h=TRUE'], /without TLS/, /triton\.http/],
  [['--allow-http=1'], /without TLS/, /triton\.http/],
  [['--id', '--x', '--allow-http=true'], /without TLS/, /triton\.http/],
  [['--disable-auto-complete-config', '--allow-http=true'], /without TLS/, /triton\.http/],
  [['--option-of-the-future', '--allow-http=true'], /without TLS/, /triton\.http/],
  [['--allow-m=on'], /without TLS/, /triton\.metrics/],
  [['--allow-sagemaker=true'], /without TLS/, /triton\.security/],
  [['--allow-vertex-ai=true'], /without TLS/, /triton\.security/],
  [['--grpc-use-ssl=false'], /expects security mutual-tls/, /triton\.security/],
  [['--grpc-use-ssl-mutual=false'], /expects security mutual-tls/, /triton\.security/],
  [['--grpc-use-ssl-m', 'off'], /expects security mutual-tls/, /triton\.security/],
  [['--grpc-root-cert=/data/ca.pem'], /would admit other clients/, /endpoints --export/],
  [['--grpc-server-k=/data/key.pem'], /creates its certificates/, /endpoints --export/],
  // These names collide with those of the script.
  [['--grpc-port=8001'], /itself/, /free ports/],
  [['--grpc-port', '8001'], /--grpc-port 8001/, /free ports/],
  [['--grpc-p=8001'], /itself/, /free ports/],
  [['--http-port=8000'], /itself/, /triton\.http/],
  [['--metrics-port=8002'], /itself/, /triton\.metrics/],
  [['--grpc-address=0.0.0.0'], /address itself/, /node\.interface/],
  [['--http-a=::'], /address itself/, /node\.interface/],
  [['--reuse-grpc-port=true'], /share the port/, /has its own ports/],
  [['--allow-grpc=false'], /over gRPC/, /triton\.http/],
  [['--grpc-restricted-protocol=health,inference:key=value'], /without that key/, /mutual-tls/],
  [['--model-repository=/opt'], /one repository/, /model\.repository/],
  [['--model-store=/opt'], /one repository/, /model\.repository/],
  [['--model-control-mode=explicit'], /would not load gat_test/, /model\.serve/],
  [['--load-model=gat_test'], /needs --model-control-mode/, /model\.serve/],
  [['--log-file=/tmp/x.log'], /standard error/, /logs --server/],
  [['--help'], /prints its options/, /leave it out/],
  [['-grpc-port=8001'], /accepts no argument "-grpc-port=8001"/, /one item/],
  [['allow-http=true'], /accepts no argument/, /one item/],
  [[' --allow-http=true'], /accepts no argument/, /one item/],
  [['--http-port 8000'], /accepts no argument/, /one item/],
  [['--', '--allow-http=true'], /accepts no argument "--"/, /one item/],
])('rejects %j before the queue and names the setting to use', (args, message, fix) => {
  let thrown: unknown;
  try {
    planWith(args);
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(UsageError);
  expect((thrown as UsageError).message).toMatch(message);
  expect((thrown as UsageError).fix).toMatch(fix);
});

test.each([
  [['--log-verbose=1', '--id', 'a b', '--rate-limit=execution_count', '--log-info=false']],
  [['--exit-on-error=false', '--strict-readiness=false', '--strict-model-config=true']],
  [['--allow-http=false', '--allow-metrics=off', '--allow-grpc=true', '--grpc-use-ssl-mutual=true']],
  [['--model-control-mode=poll', '--repository-poll-secs=5']],
  [['--model-control-mode=explicit', '--load-model=gat_test', '--load-model', 'other']],
  [['--model-control-mode=explicit', '--load-model=*']],
  [['--grpc-restricted-protocol=shared-memory,trace:key=value', '--allow-gpu-metrics=false']],
  [['--id', '--allow-http=true']],
  [['--option-of-the-future', 'value', '--log-error=false']],
])('passes %j to tritonserver', (args) => {
  expect(planWith(args).serverArguments).toEqual(args);
});

test('allows interfaces without TLS where security is none, or where the settings open them', () => {
  expect(planWith(['--allow-http=true', '--allow-vertex-ai=true'], { security: 'none' })).toBeDefined();
  expect(planWith(['--grpc-use-ssl=false'], { security: 'none' })).toBeDefined();
  expect(planWith(['--allow-http=true'], { http: true })).toBeDefined();
  expect(() => planWith(['--allow-http=false'], { http: true })).toThrow(/settings open this port/);
  expect(() => planWith(['--grpc-use-ssl=true'], { security: 'none' })).toThrow(/expects security none/);
  expect(() => planWith(['--http-port=8000'], { security: 'none' })).toThrow(/itself/);
});

test('rejects a second choice of models beside model.serve', () => {
  const serve = ['gat_test'];
  expect(() => planWith(['--model-control-mode=poll'], {}, { serve })).toThrow(/explicit, not to poll/);
  expect(() => planWith(['--load-model=other'], {}, { serve })).toThrow(/model\.serve lists/);
});

test('rejects AIP_MODE, which opens another port of the server', () => {
  expect(() => samplePlan({ triton: { env: { AIP_MODE: 'PREDICTION' } } })).toThrow(/Vertex AI port/);
  expect(() => samplePlan({ environment: ['AIP_MODE=PREDICTION'] })).toThrow(/Vertex AI port/);
});

test('suggests the option that a misspelled one resembles, and accepts those of other versions', () => {
  const warnings = formatMistypedOptions([
    '--log-verbos1=1',
    '--exit-on-eror',
    'true',
    '--zzz=1',
    '--log-v=1',
  ]);
  expect(warnings).toHaveLength(2);
  expect(warnings.join()).toMatch(
    /--log-verbos1; did you mean --log-verbose\?.*did you mean --exit-on-error\?/,
  );
});
