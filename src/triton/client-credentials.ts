import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { HpcGatError, getErrorMessage, UsageError } from '../support/errors.ts';
import { isMissing } from '../support/files/file-access.ts';

/**
 * Names of the PEM files in a directory of credentials. A client needs the first three, the server also the
 * last two.
 */
export const credentialFiles = {
  ca: 'ca.pem',
  clientCertificate: 'client.pem',
  clientKey: 'client-key.pem',
  serverCertificate: 'server.pem',
  serverKey: 'server-key.pem',
} as const;

/**
 * Host name in a server's certificate. The address of a run is not known in advance, so clients verify this
 * name.
 */
export const serverName = 'localhost';

/**
 * Credentials of a client, in PEM: its certificate with the key, and the authority that verifies the server.
 */
export interface ClientCredentials {
  readonly ca: Buffer;
  readonly certificate: Buffer;
  readonly key: Buffer;
}

/**
 * Reads a client's credentials.
 *
 * @throws {UsageError} with the name of the file that is missing, unreadable or not PEM.
 * @throws {HpcGatError} when the certificate is not valid now.
 */
export async function readClientCredentials(directory: string, now: Date): Promise<ClientCredentials> {
  const read = async (name: string) => {
    const file = path.join(directory, name);
    try {
      return await readFile(file);
    } catch (error) {
      throw new UsageError(
        isMissing(error) ? `no credentials: there is no ${file}` : `${file}: ${getErrorMessage(error)}`,
        {
          fix: `the directory needs ${clientFiles.join(', ')}, as a run or endpoints --export makes them`,
          cause: error,
        },
      );
    }
  };
  const [ca, certificate, key] = await Promise.all([
    read(credentialFiles.ca),
    read(credentialFiles.clientCertificate),
    read(credentialFiles.clientKey),
  ]);
  const parsed = parse(
    () => new X509Certificate(certificate),
    path.join(directory, credentialFiles.clientCertificate),
  );
  parse(() => new X509Certificate(ca), path.join(directory, credentialFiles.ca));
  const keyFile = path.join(directory, credentialFiles.clientKey);
  if (!parsed.checkPrivateKey(parse(() => createPrivateKey(key), keyFile))) {
    throw new UsageError(`${keyFile} is not the key of ${credentialFiles.clientCertificate}`, {
      fix: 'take all files from the same run',
    });
  }
  rejectOutsideValidity(parsed, directory, now);
  return { ca, certificate, key };
}

/** Names of the files that a client needs. */
export const clientFiles: readonly string[] = [
  credentialFiles.ca,
  credentialFiles.clientCertificate,
  credentialFiles.clientKey,
];

function parse<T>(read: () => T, file: string): T {
  try {
    return read();
  } catch (error) {
    throw new UsageError(`${file} is not a PEM file of credentials: ${getErrorMessage(error)}`, {
      fix: 'copy the file from the run again',
      cause: error,
    });
  }
}

function rejectOutsideValidity({ validFrom, validTo }: X509Certificate, directory: string, now: Date): void {
  if (now > new Date(validTo)) {
    throw new HpcGatError(`the credentials in ${directory} expired at ${validTo}`, {
      fix: 'use the credentials of a run that serves now: hpc-gat endpoints',
    });
  }
  if (now < new Date(validFrom)) {
    throw new HpcGatError(
      `the credentials in ${directory} are valid from ${validFrom}, but the time here is ${now.toISOString()}`,
      {
        fix: "correct this host's clock",
      },
    );
  }
}
