/**
 * Environment variables for proxies. Some programs read only the names in lower case, some only those in
 * upper case.
 */
const names = ['http_proxy', 'https_proxy', 'no_proxy'].flatMap((name) => [name, name.toUpperCase()]);

/** Returns the variables for proxies that an environment sets. */
export function getProxies(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = env[name] ?? '';
      return value === '' ? [] : [[name, value]];
    }),
  );
}
