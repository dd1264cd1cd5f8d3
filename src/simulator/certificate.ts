import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generate } from 'selfsigned'

/** A certificate for this machine, and the file from which a client can trust it. */
export interface Certificate {
  readonly key: string
  readonly cert: string
  readonly caFile: string
  /** Deletes the file. */
  remove(): void
}

/** Makes one for `localhost`, 127.0.0.1, ::1 and `host`; its PEM lies in a folder of its own among the temporary files. */
export async function createCertificate(host: string): Promise<Certificate> {
  const names = [
    { type: 2, value: 'localhost' },
    { type: 7, ip: '127.0.0.1' },
    { type: 7, ip: '::1' },
  ] as const
  const own = /^[\d.]+$|:/.test(host) ? ({ type: 7, ip: host } as const) : ({ type: 2, value: host } as const)
  const { private: key, cert } = await generate([{ name: 'commonName', value: 'Onedata simulator' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [
      { name: 'basicConstraints', cA: true },
      { name: 'subjectAltName', altNames: [...names, own] },
    ],
  })
  const folder = mkdtempSync(join(tmpdir(), 'onetrigger-simulator-'))
  const caFile = join(folder, 'ca.pem')
  writeFileSync(caFile, cert)
  return { key, cert, caFile, remove: () => rmSync(folder, { recursive: true, force: true }) }
}
