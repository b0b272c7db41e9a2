import { describe, expect, test } from '@jest/globals';
import {
  checkPlatform,
  formatPlatform,
  hostPlatform,
  parsePlatform,
} from '../../../src/image/source/platform.ts';
import { selectPlatform } from '../../../src/image/make/requested-images.ts';
import { parseSource } from '../../../src/image/source/source.ts';
import { HpcGatError, UsageError } from '../../../src/support/errors.ts';

const host = formatPlatform(hostPlatform());
const foreign = host === 'linux/arm64' ? 'linux/amd64' : 'linux/arm64';

test.each([
  ['linux/amd64', 'linux/amd64'],
  ['linux/x86_64', 'linux/amd64'],
  ['linux/aarch64', 'linux/arm64'],
  ['linux/arm/v7', 'linux/arm/v7'],
  ['Linux/AMD64', 'linux/amd64'],
  ['linux/x86-64', 'linux/amd64'],
  ['linux/i686', 'linux/386'],
  ['linux/armv7l', 'linux/arm/v7'],
  ['linux/armhf/v6', 'linux/arm/v6'],
  ['linux/arm64/8', 'linux/arm64/v8'],
  ['linux/ppc64el', 'linux/ppc64le'],
])('%s is parsed as the platform %s', (text, platform) => {
  expect(formatPlatform(parsePlatform(text))).toBe(platform);
});

test.each(['', 'arm64', 'linux', 'linux/', 'windows/amd64', 'linux/vax', 'linux/arm/v7/x', 'linux/../x'])(
  '%j is rejected as a platform',
  (text) => {
    expect(() => parsePlatform(text)).toThrow(UsageError);
  },
);

describe('an image', () => {
  const look = (image: string, asked?: string) => () => {
    const [os = '', architecture = '', variant] = image.split('/');
    const platform = asked === undefined ? undefined : parsePlatform(asked);
    checkPlatform({ os, architecture, variant }, platform, 'the image');
  };

  test('is accepted when it is for this host, or does not name a platform', () => {
    expect(look(host)).not.toThrow();
    expect(look('/')).not.toThrow();
  });

  test('for another platform is rejected unless that is requested', () => {
    expect(look(foreign)).toThrow(`the image is an image for ${foreign}, but this host is ${host}`);
    expect(look(foreign, foreign)).not.toThrow();
    expect(look(`${foreign}/v8`, foreign)).not.toThrow();
    expect(look(host, foreign)).toThrow(`an image for ${host}, not for ${foreign}`);
    expect(look('/', foreign)).toThrow(UsageError);
    expect(look('linux/arm/v6', 'linux/arm/v7')).toThrow('linux/arm/v6, not for linux/arm/v7');
    expect(look('linux/arm', 'linux/arm/v7')).not.toThrow();
  });

  test('that Apptainer does not run is rejected', () => {
    expect(look('windows/amd64')).toThrow(/but Apptainer runs only Linux images/);
    expect(look('linux/vax')).toThrow(HpcGatError);
  });
});

test('a definition file is limited to the host that builds it', () => {
  const definition = parseSource('x.def', '/');
  expect(selectPlatform(definition, host)).toBe(definition);
  expect(() => selectPlatform(definition, foreign)).toThrow(
    `run on this host, which is ${host}, not ${foreign}`,
  );
});
