import path from 'node:path';
import { writeFileAtomically } from '../support/files/file-access.ts';
import { UsageError } from '../support/errors.ts';
import { makeDirectory } from '../support/files/make-directory.ts';
import { explainDirectoryConcern } from '../support/files/ownership.ts';
import { credentialFiles, serverName } from '../triton/client-credentials.ts';
import { makeCertificates } from './certificates.ts';

/**
 * Accepted difference between the clocks of server and clients; the certificates are valid this much earlier
 * and longer.
 */
const clockSkewMs = 3_600_000;

export interface CredentialTimes {
  readonly now: Date;
  /** Latest end of the server. */
  readonly until: Date;
}

/**
 * Creates the credentials of one server and its clients: files of mode 0600 in a directory, which is created
 * with mode 0700.
 *
 * @throws {UsageError} for a directory that others can write.
 */
export async function makeCredentials(directory: string, { now, until }: CredentialTimes): Promise<void> {
  const { ca, server, client } = await makeCertificates(serverName, {
    notBefore: new Date(now.getTime() - clockSkewMs),
    notAfter: new Date(until.getTime() + clockSkewMs),
  });
  await makeDirectory(directory, 0o700);
  const concern = await explainDirectoryConcern(directory);
  if (concern !== undefined) {
    throw new UsageError(`keys cannot be stored in ${directory}: ${concern}, who could replace them`, {
      fix: 'name a new directory, or remove the write permission of others: chmod go-w',
    });
  }
  const texts = {
    [credentialFiles.ca]: ca,
    [credentialFiles.serverCertificate]: server.certificate,
    [credentialFiles.serverKey]: server.key,
    [credentialFiles.clientCertificate]: client.certificate,
    [credentialFiles.clientKey]: client.key,
  };
  for (const [name, text] of Object.entries(texts)) {
    await writeFileAtomically(path.join(directory, name), text, 0o600);
  }
}
