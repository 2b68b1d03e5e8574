import 'reflect-metadata'; // which @peculiar/x509 expects to find
import { createPrivateKey, generateKeyPairSync, randomBytes, webcrypto } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import * as x509 from '@peculiar/x509';
import { isCode } from './errors.js';

/** A certificate and its private key, both PEM. */
export interface Identity {
  certificate: string;
  key: string;
}

export interface Subject {
  /** The user's name, for Kubernetes. */
  name: string;
  groups?: readonly string[];
  /** For a server: the names and IP addresses by which it is reached. */
  hosts?: readonly string[];
}

const CURVE = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const SIGNATURE = { name: 'ECDSA', hash: 'SHA-256' } as const;
const YEAR_MS = 365 * 24 * 3600 * 1000;
/** Clocks of a host and its containers may differ a little. */
const EARLIER_MS = 3600 * 1000;

x509.cryptoProvider.set(webcrypto);

/** The cluster's certificate authority: whoever shows a certificate of it is the user and in the groups that it names. */
export class Authority {
  private constructor(
    /** PEM. */
    readonly certificate: string,
    private readonly issuer: x509.X509Certificate,
    private readonly signingKey: webcrypto.CryptoKey,
  ) {}

  /** The authority that lies in `folder` (ca.crt, ca.key), made on the first call. */
  static async open(folder: string): Promise<Authority> {
    const [crt, keyFile] = [path.join(folder, 'ca.crt'), path.join(folder, 'ca.key')];
    try {
      const certificate = await readFile(crt, 'utf8');
      const der = createPrivateKey(await readFile(keyFile)).export({ type: 'pkcs8', format: 'der' });
      const key = await webcrypto.subtle.importKey('pkcs8', der, CURVE, false, ['sign']);
      return new Authority(certificate, new x509.X509Certificate(certificate), key);
    } catch (error) {
      if (!isCode(error, 'ENOENT')) throw error;
    }
    const keys = await newKeys();
    const certificate = await x509.X509CertificateGenerator.createSelfSigned({
      ...validity(10),
      name: [{ CN: ['orestes-development-cluster'] }],
      keys,
      signingAlgorithm: SIGNATURE,
      extensions: [
        new x509.BasicConstraintsExtension(true, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      ],
    });
    await writeFile(keyFile, await pem(keys.privateKey), { mode: 0o600 });
    await writeFile(crt, certificate.toString('pem'));
    return new Authority(certificate.toString('pem'), certificate, keys.privateKey);
  }

  /** A certificate for a user, or, with `hosts`, for a server; valid for a year. */
  async issue({ name, groups = [], hosts }: Subject): Promise<Identity> {
    const keys = await newKeys();
    const alternatives = hosts?.map((value) => ({
      type: /^[\d.]+$/.test(value) ? ('ip' as const) : ('dns' as const),
      value,
    }));
    const use = alternatives ? x509.ExtendedKeyUsage.serverAuth : x509.ExtendedKeyUsage.clientAuth;
    const certificate = await x509.X509CertificateGenerator.create({
      ...validity(1),
      subject: [...groups.map((group) => ({ O: [group] })), { CN: [name] }],
      issuer: this.issuer.subjectName,
      publicKey: keys.publicKey,
      signingKey: this.signingKey,
      signingAlgorithm: SIGNATURE,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([use]),
        await x509.AuthorityKeyIdentifierExtension.create(this.issuer),
        ...(alternatives ? [new x509.SubjectAlternativeNameExtension(alternatives)] : []),
      ],
    });
    return { certificate: certificate.toString('pem'), key: await pem(keys.privateKey) };
  }
}

/** The key that signs service-account tokens, made on the first call; SEC 1 is the form that every Kubernetes reads. */
export async function serviceAccountKey(file: string): Promise<string> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const key = privateKey.export({ type: 'sec1', format: 'pem' });
  await writeFile(file, key, { flag: 'wx', mode: 0o600 }).catch((error: unknown) => {
    if (!isCode(error, 'EEXIST')) throw error;
  });
  return file;
}

const newKeys = () => webcrypto.subtle.generateKey(CURVE, true, ['sign', 'verify']);

async function pem(key: webcrypto.CryptoKey): Promise<string> {
  return x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY') + '\n';
}

const validity = (years: number) => ({
  serialNumber: `01${randomBytes(15).toString('hex')}`, // positive, and of 16 bytes
  notBefore: new Date(Date.now() - EARLIER_MS),
  notAfter: new Date(Date.now() + years * YEAR_MS),
});
