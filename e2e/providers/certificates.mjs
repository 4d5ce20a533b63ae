import 'reflect-metadata'; // the library below is built on it
import * as x509 from '@peculiar/x509';
import { KeyObject, randomBytes, webcrypto } from 'node:crypto';

/**
 * @typedef {object} Certificates PEM
 * @property {string} ca the authority, made for this one set
 * @property {{ cert: string, key: string }} server for 127.0.0.1, ::1 and localhost
 * @property {{ cert: string, key: string }} client what a caller shows in mutual TLS
 */

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const yearMs = 365 * 86_400_000;

/**
 * A certificate authority with a server's and a client's certificate; the authority's key is forgotten.
 * @returns {Promise<Certificates>}
 */
export async function makeCertificates() {
  x509.cryptoProvider.set(/** @type {Crypto} */ (webcrypto));
  const validity = { notBefore: new Date(Date.now() - 3_600_000), notAfter: new Date(Date.now() + 5 * yearMs) };
  const authority = await newKeys();
  const issuer = 'CN=Provider simulator CA, O=Carespine development';
  const ca = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: issuer,
    ...validity,
    keys: authority,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(authority.publicKey),
    ],
  });

  /** @param {string} name @param {x509.ExtendedKeyUsage} usage @param {x509.JsonGeneralNames} [hosts] */
  const issue = async (name, usage, hosts) => {
    const keys = await newKeys();
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: serialNumber(),
      subject: `CN=${name}, O=Carespine development`,
      issuer,
      ...validity,
      publicKey: keys.publicKey,
      signingKey: authority.privateKey,
      signingAlgorithm: algorithm,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.ExtendedKeyUsageExtension([usage]),
        await x509.AuthorityKeyIdentifierExtension.create(authority.publicKey),
        ...(hosts ? [new x509.SubjectAlternativeNameExtension(hosts)] : []),
      ],
    });
    return { cert: certificate.toString('pem'), key: KeyObject.from(keys.privateKey).export({ type: 'pkcs8', format: 'pem' }).toString() };
  };

  return {
    ca: ca.toString('pem'),
    server: await issue('Provider simulator', x509.ExtendedKeyUsage.serverAuth, [
      { type: 'ip', value: '127.0.0.1' },
      { type: 'ip', value: '::1' },
      { type: 'dns', value: 'localhost' },
    ]),
    client: await issue('Carespine', x509.ExtendedKeyUsage.clientAuth),
  };
}

const newKeys = () => webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);

/** 16 random bytes that are no negative number. */
function serialNumber() {
  const bytes = randomBytes(16);
  bytes[0] = (bytes[0] & 0x7f) | 0x40;
  return bytes.toString('hex');
}
