import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const EC = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

/** What a server of `node:https` takes. */
export interface ServerCertificate {
  readonly key: string;
  readonly cert: string;
}

/** An authority of the test's own, made by openssl, and certificates of every kind. */
export class TestAuthority {
  readonly #folder: string;
  #made = 0;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async open(): Promise<TestAuthority> {
    const authority = new TestAuthority(await mkdtemp(join(tmpdir(), 'chainctl-ca-')));
    authority.#openssl('req', '-x509', ...EC, '-keyout', 'ca.key', '-out', 'ca.pem', '-days', '2', '-subj', '/CN=test');
    return authority;
  }

  /** For `NODE_EXTRA_CA_CERTS`. */
  get file(): string {
    return join(this.#folder, 'ca.pem');
  }

  /** Its certificate. */
  text(): Promise<string> {
    return readFile(this.file, 'utf8');
  }

  /** @param names as openssl writes them: `DNS:localhost,IP:127.0.0.1` */
  async issue(names: string, { expired = false } = {}): Promise<ServerCertificate> {
    const [key, request, cert] = ['key', 'csr', 'pem'].map((end) => `server-${this.#made}.${end}`) as string[];
    this.#made++;
    const subject = ['-subj', '/CN=server', '-addext', `subjectAltName=${names}`];
    this.#openssl('req', '-new', ...EC, '-keyout', key as string, '-out', request as string, ...subject);
    const signer = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-copy_extensions', 'copyall'];
    const days = expired ? '-1' : '2';
    this.#openssl('x509', '-req', '-in', request as string, ...signer, '-days', days, '-out', cert as string);
    return this.#read(key as string, cert as string);
  }

  async selfSigned(names: string): Promise<ServerCertificate> {
    const subject = ['-subj', '/CN=self', '-addext', `subjectAltName=${names}`, '-days', '2'];
    this.#openssl('req', '-x509', ...EC, '-keyout', 'self.key', '-out', 'self.pem', ...subject);
    return this.#read('self.key', 'self.pem');
  }

  async close(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #read(key: string, cert: string): Promise<ServerCertificate> {
    const text = (name: string) => readFile(join(this.#folder, name), 'utf8');
    return { key: await text(key), cert: await text(cert) };
  }

  #openssl(...args: string[]): void {
    execFileSync('openssl', args, { cwd: this.#folder, stdio: 'pipe' });
  }
}
