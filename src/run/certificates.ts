import { generateKeyPair, type KeyObject, randomBytes, sign } from 'node:crypto';
import { promisify } from 'node:util';
import forge from 'node-forge';

export interface Validity {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** Certificate and its private key, in PEM. */
export interface KeyAndCertificate {
  readonly certificate: string;
  readonly key: string;
}

export interface Certificates {
  /** Certificate of the authority, whose key was discarded after it signed the two others. */
  readonly ca: string;
  readonly server: KeyAndCertificate;
  readonly client: KeyAndCertificate;
}

/**
 * Creates X.509 v3 certificates (RFC 5280) with RSA keys of 2048 bits: one authority, one server and one
 * client, for one run.
 */
export async function makeCertificates(serverName: string, validity: Validity): Promise<Certificates> {
  const [authority, server, client] = await Promise.all([generateKeys(), generateKeys(), generateKeys()]);
  const issue = (subject: string, keys: Keys, extensions: readonly object[]) =>
    issueCertificate({ subject, keys, signer: authority, validity, extensions });
  return {
    ca: issue(authorityName, authority, [
      { name: 'basicConstraints', critical: true, cA: true, pathLenConstraint: 0 },
      { name: 'keyUsage', critical: true, keyCertSign: true },
    ]),
    server: {
      key: server.pem,
      certificate: issue('hpc-gat server', server, [
        ...leafExtensions,
        { name: 'extKeyUsage', serverAuth: true },
        { name: 'subjectAltName', altNames: [{ type: dnsName, value: serverName }] },
      ]),
    },
    client: {
      key: client.pem,
      certificate: issue('hpc-gat client', client, [
        ...leafExtensions,
        { name: 'extKeyUsage', clientAuth: true },
      ]),
    },
  };
}

const authorityName = 'hpc-gat run';

/** Choice of GeneralName for a DNS name, RFC 5280 section 4.2.1.6. */
const dnsName = 2;

const leafExtensions = [
  { name: 'basicConstraints', critical: true, cA: false },
  { name: 'keyUsage', critical: true, digitalSignature: true, keyEncipherment: true },
];

type Keys = Awaited<ReturnType<typeof generateKeys>>;

async function generateKeys() {
  const { publicKey, privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 });
  return {
    privateKey,
    pem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    publicKey: forge.pki.publicKeyFromPem(publicKey.export({ type: 'spki', format: 'pem' }).toString()),
  };
}

interface CertificateRequest {
  readonly subject: string;
  readonly keys: Keys;
  readonly signer: Keys;
  readonly validity: Validity;
  readonly extensions: readonly object[];
}

function issueCertificate({ subject, keys, signer, validity, extensions }: CertificateRequest): string {
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = keys.publicKey;
  // DER requires a positive number.
  certificate.serialNumber = `01${randomBytes(15).toString('hex')}`;
  certificate.validity = { ...validity };
  certificate.setSubject([{ name: 'commonName', value: subject }]);
  certificate.setIssuer([{ name: 'commonName', value: authorityName }]);
  certificate.setExtensions([
    ...extensions,
    { name: 'subjectKeyIdentifier' },
    { name: 'authorityKeyIdentifier', keyIdentifier: getKeyIdentifier(signer) },
  ]);
  certificate.sign(createNativeSigner(certificate, signer.privateKey), forge.md.sha256.create());
  return forge.pki.certificateToPem(certificate);
}

/** Signs with Node's RSA, which is a hundred times faster than the one in JavaScript. */
function createNativeSigner(certificate: forge.pki.Certificate, key: KeyObject): forge.pki.rsa.PrivateKey {
  const signature = () => {
    const toBeSigned = forge.asn1.toDer(certificate.tbsCertificate).getBytes();
    return sign('sha256', Buffer.from(toBeSigned, 'latin1'), key).toString('latin1');
  };
  // node-forge uses only this method of a private key.
  return { sign: signature } as Partial<forge.pki.rsa.PrivateKey> as forge.pki.rsa.PrivateKey;
}

function getKeyIdentifier({ publicKey }: Keys): string {
  return forge.pki.getPublicKeyFingerprint(publicKey, { type: 'RSAPublicKey' }).getBytes();
}
