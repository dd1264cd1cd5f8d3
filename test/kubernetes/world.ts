import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type FinishedRevision, judge, type ReceivedDelivery, type Verdict } from '../../src/cli/demo-verdict.ts'
import { decodeFileId } from '../../src/simulator/model/file-ids.ts'
import { waitFor } from '../support/wait-for.ts'
import { type Cluster, program } from './cluster.ts'

/** What went in and what came out, by the clock of one process in the cluster. */
export interface WorldState {
  /** Milliseconds since the epoch. */
  readonly now: number
  readonly finished: readonly FinishedRevision[]
  /** `signedBy`: which of the secrets, -1 = none. */
  readonly received: readonly (ReceivedDelivery & { readonly signedBy: number })[]
}

/** A simulated provider, an uploader and a receiver in one pod of the cluster. */
export interface World {
  readonly providerUrl: string
  readonly hookUrl: string
  readonly databaseUrl: string
  readonly secrets: readonly [string, string]
  state(): Promise<WorldState>
  rate(perSecond: number): Promise<void>
  /** Waits until everything that was finished by now has come; gives the state without what is still on its way. */
  caughtUp(): Promise<WorldState>
  verdict(state: WorldState): Verdict
}

/** Small, locked, and as the Pod Security Standard `restricted` wants it. */
const restricted = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ['ALL'] },
}
const podSecurity = { runAsNonRoot: true, runAsUser: 1000, fsGroup: 1000, seccompProfile: { type: 'RuntimeDefault' } }

/** Makes it, with the Secret `onetrigger`: token, hook-secret, database-url. */
export async function createWorld(cluster: Cluster): Promise<World> {
  const token = randomBytes(16).toString('hex')
  const password = randomBytes(16).toString('hex')
  const secrets = [0, 1].map(() => `whsec_${randomBytes(24).toString('base64')}`) as [string, string]
  const databaseUrl = `postgres://onetrigger:${password}@postgres:5432/postgres`
  const image = `${cluster.image.repository}:${cluster.image.tag}`
  const script = readFileSync(join(import.meta.dirname, 'world.mjs'), 'utf8')
  const simulate = ['simulate', '--host', '0.0.0.0', '--port', '8081', '--token', token]
  await cluster.apply(
    secretOf({ token, 'hook-secret': secrets[0], 'database-url': databaseUrl, password }),
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'world' }, data: { 'world.mjs': script } },
    ...served('world', [8080, 8081], {
      containers: [
        { name: 'simulator', image, args: simulate, securityContext: restricted },
        {
          name: 'world',
          image,
          command: ['node', '/world/world.mjs', 'http://127.0.0.1:8081', token],
          securityContext: restricted,
          readinessProbe: { httpGet: { path: '/state', port: 8080 }, periodSeconds: 1 },
          volumeMounts: [{ name: 'world', mountPath: '/world' }],
        },
      ],
      volumes: [{ name: 'world', configMap: { name: 'world' } }],
    }),
    ...served('postgres', [5432], {
      containers: [
        {
          name: 'postgres',
          image: cluster.postgresImage,
          env: [{ name: 'PASSWORD_FILE', value: '/secret/password' }],
          securityContext: restricted,
          readinessProbe: { tcpSocket: { port: 5432 }, periodSeconds: 1 },
          volumeMounts: [
            { name: 'data', mountPath: '/data' },
            { name: 'tmp', mountPath: '/tmp' },
            { name: 'shm', mountPath: '/dev/shm' },
            { name: 'secret', mountPath: '/secret', readOnly: true },
          ],
        },
      ],
      volumes: [
        { name: 'data', emptyDir: {} },
        { name: 'tmp', emptyDir: {} },
        { name: 'shm', emptyDir: { medium: 'Memory' } },
        { name: 'secret', secret: { secretName: 'onetrigger' } },
      ],
    }),
  )
  await cluster.kubectl('rollout', 'status', 'deployment/world', 'deployment/postgres', '--timeout=120s')
  const state = async () => JSON.parse(await cluster.get('services/world:8080', '/state')) as WorldState
  const put = (path: string, body: string) =>
    program(
      'kubectl',
      ['replace', '--raw', `/api/v1/namespaces/${cluster.namespace}/services/world:8080/proxy${path}`, '-f', '-'],
      body,
    )
  await put('/secrets', JSON.stringify(secrets))

  const verdict = ({ finished, received }: WorldState) => {
    const spaceId = decodeFileId(finished[0]?.fileId ?? '')?.spaceId ?? ''
    return judge(finished, received, { trigger: 'default', spaceId, target: 'hook' })
  }
  return {
    providerUrl: 'http://world:8081',
    hookUrl: 'http://world:8080/hook',
    databaseUrl,
    secrets,
    state,
    rate: async (perSecond) => {
      await put(`/rate/${perSecond}`, '{}')
    },
    verdict,
    caughtUp: async () => {
      const { finished } = await state()
      return waitFor(
        'everything finished so far has come',
        async () => {
          const now = await state()
          if (verdict({ ...now, finished }).lost.length > 0) return null
          // What was finished since then may still be on its way.
          const onItsWay = new Set(verdict(now).lost)
          return { ...now, finished: now.finished.filter(({ path }) => !onItsWay.has(path)) }
        },
        120_000,
      )
    },
  }
}

export function secretOf(data: Readonly<Record<string, string>>): object {
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'onetrigger' }, stringData: data }
}

/** A Deployment of one pod, and its Service. */
function served(name: string, ports: readonly number[], pod: object): readonly object[] {
  const labels = { app: name }
  const spec = { securityContext: podSecurity, enableServiceLinks: false, automountServiceAccountToken: false, ...pod }
  return [
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name },
      spec: { replicas: 1, selector: { matchLabels: labels }, template: { metadata: { labels }, spec } },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name },
      spec: { selector: labels, ports: ports.map((port) => ({ name: `p${port}`, port, targetPort: port })) },
    },
  ]
}
