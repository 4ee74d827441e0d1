/** A certificate authority for one test, made with openssl. */
import { execFileSync, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Why there can be none here; false: there can. */
export const NO_OPENSSL: string | false =
  spawnSync('openssl', ['version']).status !== 0 && 'no openssl: apt-get install openssl';

export interface Identity {
  cert: string;
  key: string;
}

export interface Authority {
  /** Path of its certificate. */
  ca: string;
  /** For 127.0.0.1, good for servers and clients. @returns paths */
  issue(name: string): Identity;
}

export function makeAuthority(directory: string, name = 'ca'): Authority {
  const at = (file: string): string => join(directory, file);
  const openssl = (...words: string[]): void => void execFileSync('openssl', words, { stdio: 'pipe' });
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const [ca, caKey] = [at(`${name}.pem`), at(`${name}-key.pem`)];
  openssl('req', '-x509', ...newKey, '-keyout', caKey, '-out', ca, '-subj', `/CN=${name}`, '-days', '2');
  const issue = (owner: string): Identity => {
    const [key, cert, request, extensions] = ['-key.pem', '.pem', '.csr', '.ext'].map((end) =>
      at(owner + end),
    );
    writeFileSync(extensions!, 'subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n');
    openssl('req', ...newKey, '-keyout', key!, '-out', request!, '-subj', `/CN=${owner}`);
    const signing = ['-CA', ca, '-CAkey', caKey, '-CAcreateserial', '-days', '2', '-extfile', extensions!];
    openssl('x509', '-req', '-in', request!, '-out', cert!, ...signing);
    return { cert: cert!, key: key! };
  };
  return { ca, issue };
}
