import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { goldens, type Manifest } from '../chart/manifests.ts'

// What the chart renders for all its sets of values, looked at by a real API server: strictly, and under the restricted Pod Security Standard. Nothing is made.

const namespace = `onetrigger-objects-${randomBytes(4).toString('hex')}`

/** Kinds of the Prometheus operator, which a plain cluster does not know; test/chart has schemas of its own for them. */
const isForeign = ({ apiVersion }: Manifest) => apiVersion.startsWith('monitoring.coreos.com/')

interface Answer {
  readonly status: number | null
  /** Standard error: problems, and warnings of the API server. */
  readonly said: string
}

function kubectl(args: readonly string[], objects: readonly object[] = []): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const child = spawn('kubectl', args, { stdio: ['pipe', 'ignore', 'pipe'] })
    let said = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text
    })
    child.on('error', (cause) => reject(new Error('this suite needs kubectl, and KUBECONFIG of a cluster', { cause })))
    child.on('close', (status) => resolve({ status, said }))
    child.stdin.end(JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }))
  })
}

function account(name: string): object {
  return { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace } }
}

beforeAll(async () => {
  const levels = ['enforce', 'warn'].map((mode) => [`pod-security.kubernetes.io/${mode}`, 'restricted'])
  const home = {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: namespace, labels: Object.fromEntries(levels) },
  }
  // A pod is refused where its account is not there yet.
  const made = await kubectl(['apply', '--filename', '-'], [home, account('ot-onetrigger'), account('robots')])
  if (made.status !== 0) throw new Error(`this suite needs a cluster: ${made.said}`)
})
afterAll(() => kubectl(['delete', 'namespace', namespace, '--ignore-not-found', '--wait=false']))

/** As if it were made, and nothing is. */
function tryOut(objects: readonly Manifest[]): Promise<Answer> {
  const here = objects.map((object) => ({ ...object, metadata: { ...object.metadata, namespace } }))
  return kubectl(['apply', '--dry-run=server', '--validate=strict', '--filename', '-'], here)
}

describe('the API server', () => {
  it.each([...goldens])('takes what the chart renders for %s, without a warning', async (_name, manifests) => {
    const objects = manifests.filter((each) => !isForeign(each))

    expect(objects.length).toBeGreaterThan(3)
    expect(await tryOut(objects)).toEqual({ status: 0, said: '' })
  })

  it('would refuse a field that it does not know', async () => {
    const [service] = (goldens.get('minimal') ?? []).filter(({ kind }) => kind === 'Service')

    const { status, said } = await tryOut(service === undefined ? [] : [{ ...service, specs: {} }])

    expect({ status, said }).toEqual({ status: 1, said: expect.stringContaining('unknown field "specs"') })
  })

  it('would warn of a pod that may be root', async () => {
    const loose = (goldens.get('minimal') ?? []).filter(({ kind }) => kind === 'Deployment')
    const text = JSON.stringify(loose).replaceAll('"runAsNonRoot":true', '"runAsNonRoot":false')

    const { said } = await tryOut(JSON.parse(text))

    expect(said).toContain('would violate PodSecurity "restricted')
  })
})
