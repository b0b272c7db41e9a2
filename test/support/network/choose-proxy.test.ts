import { describe, expect, test } from '@jest/globals';
import { chooseProxy } from '../../../src/support/network/choose-proxy.ts';
import { UsageError } from '../../../src/support/errors.ts';

const chosen = (url: string, env: Record<string, string>) => chooseProxy(new URL(url), env)?.url.href;

test.each<[string, Record<string, string>, string | undefined]>([
  ['http://a.test/', { http_proxy: 'p:3128' }, 'http://p:3128/'],
  ['http://a.test/', { HTTP_PROXY: ' 10.0.0.1:3128 ' }, 'http://10.0.0.1:3128/'],
  ['http://a.test/', { http_proxy: 'u:p@p:3128' }, 'http://u:p@p:3128/'],
  ['http://a.test/', { http_proxy: 'http://u:p@ss@p:3128' }, 'http://u:p%40ss@p:3128/'],
  ['http://a.test/', { http_proxy: '', HTTP_PROXY: 'p:1' }, 'http://p:1/'],
  ['http://a.test/', { https_proxy: 'p:1' }, undefined],
  ['https://a.test/', { http_proxy: 'p:1' }, undefined],
  ['https://a.test/', { HTTPS_PROXY: 'https://p' }, 'https://p/'],
  ['https://a.test/', { all_proxy: 'p:1' }, 'http://p:1/'],
  ['https://a.test/', { ALL_PROXY: 'socks5://p:1' }, undefined],
  ['http://localhost:5000/', { http_proxy: 'p:1' }, undefined],
  ['http://127.8.0.1/', { http_proxy: 'p:1' }, undefined],
  ['http://[::1]:5000/', { http_proxy: 'p:1' }, undefined],
  ['https://a.test/', {}, undefined],
])('the proxy for %s is chosen from %j', (url, env, expected) => {
  expect(chosen(url, env)).toBe(expected);
});

test.each([
  'http://',
  'http://[',
  'http://u:p%zz@p:1',
  'http://u:hidden#@p:1',
  'socks5://u:hidden@p:1',
  'ftp://hidden:x@p',
])('%s is rejected without printing its secrets', (value) => {
  const choosing = () => chosen('https://a.test/', { HTTPS_PROXY: value });
  expect(choosing).toThrow(UsageError);
  expect(choosing).toThrow(
    /^HTTPS_PROXY (is not the address of a proxy|names a proxy that speaks \w+, not http)$/,
  );
});

describe('NO_PROXY', () => {
  test.each([
    ['*', 'https://a.test/', true],
    ['a.test', 'https://a.test/', true],
    ['A.Test.', 'https://a.test/', true],
    ['a.test', 'https://b.a.test/', true],
    ['a.test', 'https://ba.test/', false],
    ['.a.test', 'https://b.a.test/', true],
    ['.a.test', 'https://a.test/', false],
    ['*.a.test', 'https://b.a.test/', true],
    ['x,  a.test\tb.test', 'https://b.test/', true],
    ['a.test:443', 'https://a.test/', true],
    ['a.test:5000', 'https://a.test/', false],
    ['a.test:80', 'http://a.test/', true],
    ['.a.test:5000', 'https://b.a.test:5000/', true],
    ['10.0.0.0/8', 'https://10.200.3.4:5000/', true],
    ['10.0.0.0/8', 'https://11.0.0.1/', false],
    ['10.1.2.3/8', 'https://10.9.9.9/', true],
    ['10.0.0.0/8', 'https://10.test/', false],
    ['192.168.7.0/24,10.0.0.0/8', 'https://192.168.7.255/', true],
    ['10.1.2.3', 'https://10.1.2.3/', true],
    ['10.1.2.3:5000', 'https://10.1.2.3:5000/', true],
    ['10.1.2.3:5000', 'https://10.1.2.3:5001/', false],
    ['10.0.0.1-10.0.0.9', 'https://10.0.0.5/', true],
    ['10.0.0.9-10.0.0.1', 'https://10.0.0.5/', false],
    ['fd00::/8', 'https://[fd12::7]/', true],
    ['fd00::/8', 'https://[fe80::7]/', false],
    ['fd00:0::7', 'https://[fd00::7]/', true],
    ['[fd00::7]:5000', 'https://[fd00::7]:5000/', true],
    ['[fd00::7]:5000', 'https://[fd00::7]/', false],
    ['[fd00::]/8', 'https://[fd12::7]/', true],
    ['10.0.0.0/99', 'https://10.0.0.1/', false],
    ['10.0.0.0/', 'https://10.0.0.0/', false],
    ['0.0.0.0/0', 'https://9.9.9.9/', true],
    ['', 'https://a.test/', false],
    [', ,.', 'https://a.test/', false],
    ['-', 'https://a.test/', false],
  ])('%s exempts %s: %s', (noProxy, url, isExempt) => {
    for (const name of ['no_proxy', 'NO_PROXY']) {
      const env = { http_proxy: 'p:1', https_proxy: 'p:1', [name]: noProxy };
      expect(chosen(url, env) === undefined).toBe(isExempt);
    }
  });
});
