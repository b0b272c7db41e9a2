import { describe, expect, test } from '@jest/globals';
import { toPlainValues } from '../../../src/model/config/access.ts';
import { parseConfig } from '../../../src/model/config/read-config.ts';

function read(text: string) {
  const { config, faults } = parseConfig(text);
  return { value: config === undefined ? undefined : toPlainValues(config), faults };
}

function meaning(text: string) {
  const { value, faults } = read(text);
  expect(faults).toEqual([]);
  return value;
}

function places(text: string): string[] {
  return read(text).faults.map(({ position, what }) => `${position.line}:${position.column} ${what}`);
}

describe('values', () => {
  test.each([
    ['name: "a" # comment', { name: 'a' }],
    [`name: 'it' "'s" '\\x41'`, { name: "it'sA" }],
    [
      String.raw`name: "\a\b\f\n\r\t\v\?\'\"\\\101\1\x4\u00e9\U0001F600\ud83d\ude00"`,
      { name: '\u0007\b\f\n\r\t\v?\'"\\A\u0001\u0004é😀😀' },
    ],
    [String.raw`name: "\303\251"`, { name: 'é' }],
    ['max_batch_size: 0x1F', { max_batch_size: 31 }],
    ['max_batch_size: 017', { max_batch_size: 15 }],
    ['max_batch_size: - # sign\n 3', { max_batch_size: -3 }],
    ['input < dims: 1 dims: [ 2, -1 ]; dims: [] >', { input: [{ dims: [1, 2, -1] }] }],
    [
      'input [ { name: "a" }, < name: "b" > ], input: { name: "c" };',
      { input: [{ name: 'a' }, { name: 'b' }, { name: 'c' }] },
    ],
    [
      'input { data_type: 11 optional: t is_shape_tensor: 0 allow_ragged_batch: True }',
      {
        input: [{ data_type: 'TYPE_FP32', optional: true, is_shape_tensor: false, allow_ragged_batch: true }],
      },
    ],
    [
      'sequence_batching { direct { minimum_slot_utilization: .5f } }',
      { sequence_batching: { direct: { minimum_slot_utilization: 0.5 } } },
    ],
    [
      'sequence_batching { direct { minimum_slot_utilization: -INF } }',
      { sequence_batching: { direct: { minimum_slot_utilization: -Infinity } } },
    ],
    [
      'sequence_batching { direct { minimum_slot_utilization: 1e3 } }',
      { sequence_batching: { direct: { minimum_slot_utilization: 1000 } } },
    ],
    [
      'model_metrics { metric_control { histogram_options { buckets: [ 1, 2.5, 1f, inf, infinity ] } } }',
      {
        model_metrics: {
          metric_control: [{ histogram_options: { buckets: [1, 2.5, 1, Infinity, Infinity] } }],
        },
      },
    ],
    [
      'dynamic_batching { max_queue_delay_microseconds: 18446744073709551615 }',
      { dynamic_batching: { max_queue_delay_microseconds: 18446744073709551615n } },
    ],
    [
      'dynamic_batching { priority_queue_policy { key: 2 value { max_queue_size: 5 } } }',
      { dynamic_batching: { priority_queue_policy: { 2: { max_queue_size: 5 } } } },
    ],
    [
      'parameters [ { key: "a" value: { string_value: "1" } }, { key: "b" } ]',
      { parameters: { a: { string_value: '1' }, b: {} } },
    ],
    [
      'cc_model_filenames { key: "7.0" value: "a.plan" } cc_model_filenames { key: "7.0" value: "b.plan" }',
      { cc_model_filenames: { '7.0': 'b.plan' } },
    ],
    ['', {}],
    ['# nothing', {}],
  ])('are parsed: %s', (text, expected) => {
    expect(meaning(text)).toEqual(expected);
  });

  test('include NaN', () => {
    const value = meaning('sequence_batching { direct { minimum_slot_utilization: nan } }');
    expect(value).toEqual({ sequence_batching: { direct: { minimum_slot_utilization: NaN } } });
  });
});

describe('faults are reported with their position', () => {
  test.each([
    ['name: "a"\n  nmae: "b"', '2:3 a model configuration has no field "nmae"'],
    ['input [\n  { name: "a" data_type: FP32 }\n]', '2:26 FP32 is not a value of data_type'],
    ['input {\n  name: "a"\n', `3:1 the file ends before the "{" of 1:7 is closed`],
    ['dims [ 1 ]', '1:1 a model configuration has no field "dims"'],
    ['input { dims: [ 1, "2" ] }', '1:20 dims requires a whole number, not "2"'],
    ['input { dims: [ [ 1 ] ] }', '1:17 a value of dims is expected here, not "["'],
    ['max_batch_size: -', "1:18 a value of max_batch_size is expected here, not the file's end"],
    ['name: "a" name: "b"', '1:11 name is set a second time'],
    ['version_policy { all { } latest { } }', '1:26 latest and all exclude each other'],
    ['version_policy { all { what: 1 } }', '1:24 All has no field "what"'],
    ['max_batch_size: 1 2', '1:19 a field is expected here, not "2"'],
    ['max_batch_size: 1.5.2', '1:17 1.5.2 is not a number'],
    ['max_batch_size: 0x', '1:17 0x is not a number'],
    [
      'max_batch_size: 4294967296',
      '1:17 max_batch_size requires a whole number from -2147483648 to 2147483647, not 4294967296',
    ],
    [
      'dynamic_batching { max_queue_delay_microseconds: -0 }',
      '1:50 max_queue_delay_microseconds requires a whole number from 0 to 18446744073709551615, not -0',
    ],
    ['"name": "a"', '1:1 a field is expected here, not "name"'],
    ['name: "\\q"', '1:8 \\q is not an escape'],
    ['name: "\\U00110000"', '1:8 \\U00110000 is not an escape'],
    ['name: "a', '1:7 this string has no end on its line'],
    ['name: "\\', '1:7 this string has no end on its line'],
    ['name @ "a"', '1:6 "@" is not allowed here'],
    ['\uFEFFname: "a"', '1:1 the file begins with a byte order mark, which Triton cannot read'],
    ['name: "a"\0', '1:10 "\\u0000" is not allowed here'],
    ['input { '.repeat(70), '1:519 more than 64 levels of {'],
  ])('in %j', (text, expected) => {
    expect(places(text)[0]).toBe(expected);
  });

  test('for every wrong field at once', () => {
    expect(places('nmae: "a"\nbackend: python\nmax_batch_size: "8"\ninput: 4')).toEqual([
      '1:1 a model configuration has no field "nmae"',
      '2:10 backend requires a text in quotes, not python',
      '3:17 max_batch_size requires a whole number, not "8"',
      '4:8 input requires fields in braces, not 4',
    ]);
  });

  test.each([
    ['nmae: "a"', 'did you mean name?'],
    ['input { data_type: float32 }', 'write TYPE_FP32'],
    ['input { data_type: "TYPE_FP32" }', 'write TYPE_FP32'],
    ['input { data_type: double }', 'write TYPE_FP64'],
    ['instance_group { kind: GPU }', 'write KIND_GPU'],
    ['backend: python', 'write backend: "python"'],
    ['max_batch_size: "8"', 'remove the quotes'],
    ['version_policy { all { x: 1 } }', 'leave the braces empty'],
  ])('in %s: %s', (text, fix) => {
    expect(read(text).faults[0]?.fix).toBe(fix);
  });
});
