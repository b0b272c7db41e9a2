import { BlockList, isIP } from 'node:net';

/**
 * Returns whether NO_PROXY exempts a host from the proxy, by the rules of Go's httpproxy, which other
 * registry clients follow. Entries, separated by commas or spaces, are `*`, names (with their subdomains),
 * `.name` and `*.name` (subdomains only), addresses, and networks as ADDRESS/BITS, each with an optional
 * `:PORT`.
 */
export function isExempt({ hostname, port, protocol }: URL, noProxy: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
  const usedPort = port === '' ? { 'http:': '80', 'https:': '443' }[protocol] : port;
  return noProxy
    .toLowerCase()
    .split(/[\s,]+/)
    .some((entry) => entry !== '' && isMatch(entry, host, usedPort));
}

function isMatch(entry: string, host: string, port: string | undefined): boolean {
  if (entry === '*') {
    return true;
  }
  const { name, wantedPort } = splitPort(entry);
  if (wantedPort !== undefined && wantedPort !== port) {
    return false;
  }
  const addresses = parseAddresses(name);
  if (addresses !== undefined) {
    const family = isIP(host);
    return family !== 0 && addresses.check(host, family === 4 ? 'ipv4' : 'ipv6');
  }
  const domain = name.replace(/^\*/, '').replace(/\.$/, '');
  return domain.startsWith('.')
    ? domain !== '.' && host.endsWith(domain)
    : domain !== '' && (host === domain || host.endsWith(`.${domain}`));
}

/** Splits `HOST:PORT` or `[ADDRESS]:PORT`; the port is optional, and an IPv6 address contains colons. */
function splitPort(entry: string): { name: string; wantedPort?: string } {
  const [, bracketed, behind] = /^\[([^\]]*)\](?::(\d+))?/.exec(entry) ?? [];
  if (bracketed !== undefined) {
    const bits = /\](\/\d+)$/.exec(entry)?.[1] ?? '';
    return { name: bracketed + bits, ...(behind !== undefined && { wantedPort: behind }) };
  }
  const [, name, port] = /^([^:]+):(\d+)$/.exec(entry) ?? [];
  return name === undefined || port === undefined ? { name: entry } : { name, wantedPort: port };
}

/** Parses an address, a network or a range FIRST-LAST; undefined for a name. */
function parseAddresses(text: string): BlockList | undefined {
  const [, first = '', separator, last = ''] = /^([^/-]+)(?:([/-])(.*))?$/.exec(text) ?? [];
  const family = isIP(first);
  if (family === 0) {
    return undefined;
  }
  const type = family === 4 ? 'ipv4' : 'ipv6';
  const list = new BlockList();
  try {
    if (separator === undefined) {
      list.addAddress(first, type);
    } else if (separator === '-') {
      list.addRange(first, last, type);
    } else if (/^\d+$/.test(last)) {
      list.addSubnet(first, Number(last), type);
    }
  } catch {
    // A prefix that is too long, or a range from a higher to a lower address, exempts no host.
  }
  return list;
}
