import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { HpcGatError, getErrorMessage, UsageError } from '../support/errors.ts';
import { isMissing } from '../support/files/file-access.ts';

/** The files of a directory of credentials, in PEM. A client needs the first three, the server also the last two. */
export const credentialFiles = {
  ca: 'ca.pem',
  clientCertificate: 'client.pem',
  clientKey: 'client-key.pem',
  serverCertificate: 'server.pem',
  serverKey: 'server-key.pem',
} as const;

/** What a server's certificate is made out to: a run does not know its address beforehand, clients ask for this name. */
export const serverName = 'localhost';

/** What a client shows the server, and how it knows the server: PEM. */
export interface ClientCredentials {
  readonly ca: Buffer;
  readonly certificate: Buffer;
  readonly key: Buffer;
}

/**
 * Reads a client's credentials.
 *
 * @throws {UsageError} naming the file that is missing, cannot be read or is none.
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

/** What a client needs of a directory of credentials. */
export const clientFiles: readonly string[] = [
  credentialFiles.ca,
  credentialFiles.clientCertificate,
  credentialFiles.clientKey,
];

function parse<T>(read: () => T, file: string): T {
  try {
    return read();
  } catch (error) {
    throw new UsageError(`${file} is not PEM as credentials need it: ${getErrorMessage(error)}`, {
      fix: 'take the file anew from the run',
      cause: error,
    });
  }
}

function rejectOutsideValidity({ validFrom, validTo }: X509Certificate, directory: string, now: Date): void {
  if (now > new Date(validTo)) {
    throw new HpcGatError(`the credentials in ${directory} expired at ${validTo}`, {
      fix: 'they are made for one run: take those of a run that serves now, hpc-gat endpoints',
    });
  }
  if (now < new Date(validFrom)) {
    throw new HpcGatError(
      `the credentials in ${directory} are valid from ${validFrom}, and here it is ${now.toISOString()}`,
      {
        fix: "set this host's clock",
      },
    );
  }
}
