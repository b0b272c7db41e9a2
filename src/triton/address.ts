import { UsageError } from '../support/errors.ts';

/**
 * Parses HOST:PORT, also with an IPv6 address in brackets, into a gRPC target and its port.
 *
 * @throws {UsageError} for anything else, such as an http:// address.
 */
export function parseAddress(url: string): { target: string; port: number } {
  const match = /^(?<host>[\w.-]+|\[[\da-fA-F:.]+(?:%\w+)?\]):(?<port>\d{1,5})$/.exec(url);
  const port = Number(match?.groups?.port);
  if (match === null || port < 1 || port > 65_535) {
    throw new UsageError(`"${url}" is not an address of the form HOST:PORT`, {
      fix: "write Triton's gRPC address without a scheme, such as localhost:8001",
    });
  }
  return { target: `dns:${url}`, port };
}
