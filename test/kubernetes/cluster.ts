import { execFile, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { base, build, docker, prepareDocker, root } from '../image/docker.ts'
import { installPostgres } from '../postgres/server.ts'
import { waitFor } from '../support/wait-for.ts'

const run = promisify(execFile)

/** Runs a program; what goes into it may be given. Rejects with what it said. */
export async function program(name: string, args: readonly string[], input?: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(name, args, { stdio: ['pipe', 'pipe', 'pipe'] })
    let [out, err] = ['', '']
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      err += text
    })
    child.on('error', (cause) => reject(new Error(`this suite needs ${name}`, { cause })))
    child.on('close', (code) => {
      if (code === 0) resolve(out.trim())
      else reject(new Error(`${name} ${args.join(' ')} ended with ${code}:\n${err}${out}`))
    })
    child.stdin.end(input ?? '')
  })
}

/** A namespace of its own in the cluster of KUBECONFIG, under the strictest Pod Security Standard; and the images in that cluster. */
export interface Cluster {
  readonly namespace: string
  readonly image: { readonly repository: string; readonly tag: string }
  readonly postgresImage: string
  kubectl(...args: readonly string[]): Promise<string>
  helm(...args: readonly string[]): Promise<string>
  apply(...objects: readonly object[]): Promise<void>
  /** GET through the API server: `pods/NAME:8080` or `services/NAME:8080`, then the path. */
  get(of: string, path: string): Promise<string>
  /**
   * Waits for the volume of a claim. Where it is a plain folder of the node, as in clusters for tests, nobody but root may write into it and fsGroup
   * changes nothing: it is opened to all, as a real provisioner would have done.
   */
  openVolume(claim: string): Promise<void>
  close(): Promise<void>
}

/** Needs KUBECONFIG, kubectl, helm, Docker; says what is missing, and fails then: nothing is skipped. */
export async function createCluster(): Promise<Cluster> {
  if ((process.env.KUBECONFIG ?? '') === '') {
    throw new Error('this suite needs a cluster: set KUBECONFIG (a cluster of kind will do), and see test/kubernetes')
  }
  await program('kubectl', ['version'])
  await prepareDocker()
  const id = `onetrigger-test-${randomBytes(4).toString('hex')}`
  const labels = ['--label', `io.onetrigger.test=${id}`]
  const [image, postgresImage] = [`${id}:1`, `${id}-postgres:1`]
  await build(image, labels)
  await buildPostgres(postgresImage, labels)
  await load(image, postgresImage)

  const kubectl = (...args: readonly string[]) => program('kubectl', ['--namespace', id, ...args])
  const apply = async (...objects: readonly object[]) => {
    const list = { apiVersion: 'v1', kind: 'List', items: objects }
    await program('kubectl', ['--namespace', id, 'apply', '--filename', '-'], JSON.stringify(list))
  }
  const strict = { 'pod-security.kubernetes.io/enforce': 'restricted' }
  await apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: id, labels: strict } })
  return {
    namespace: id,
    image: { repository: id, tag: '1' },
    postgresImage,
    kubectl,
    helm: (...args) => program('helm', ['--namespace', id, ...args]),
    apply,
    get: (of, path) => program('kubectl', ['get', '--raw', `/api/v1/namespaces/${id}/${of}/proxy${path}`]),
    openVolume: async (claim) => {
      const volume = await waitFor(
        'the claim has a volume',
        async () => {
          const name = await kubectl('get', 'pvc', claim, '--output', 'jsonpath={.spec.volumeName}').catch(() => '')
          return name !== '' && name
        },
        60_000,
      )
      const path = await program('kubectl', ['get', 'pv', volume, '--output', 'jsonpath={.spec.hostPath.path}'])
      if (path === '') return
      const script = "require('node:fs').chmodSync('/volume', 0o777)"
      const container = {
        name: 'open',
        image,
        command: ['node', '--eval', script],
        securityContext: { runAsUser: 0 },
        volumeMounts: [{ name: 'volume', mountPath: '/volume' }],
      }
      const volumes = [{ name: 'volume', hostPath: { path } }]
      const spec = { restartPolicy: 'Never', containers: [container], volumes }
      // In a namespace that lets it.
      const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: id, namespace: 'default' }, spec }
      await program('kubectl', ['apply', '--filename', '-'], JSON.stringify(pod))
      const succeeded = '--for=jsonpath={.status.phase}=Succeeded'
      await program('kubectl', ['wait', '--namespace', 'default', `pod/${id}`, succeeded, '--timeout=60s'])
      await program('kubectl', ['delete', '--namespace', 'default', `pod/${id}`])
    },
    close: async () => {
      await program('kubectl', ['delete', 'namespace', id, '--wait=true', '--timeout=120s'])
      await docker('image', 'rm', '--force', image, postgresImage)
    },
  }
}

/** From the same packages that the suite of the store runs on. */
async function buildPostgres(tag: string, labels: readonly string[]): Promise<void> {
  const context = mkdtempSync(join(tmpdir(), 'onetrigger-postgres-image-'))
  try {
    cpSync(installPostgres(17), join(context, 'native'), { recursive: true, verbatimSymlinks: true })
    cpSync(join(root, 'test', 'kubernetes', 'postgres.sh'), join(context, 'postgres.sh'))
    const lines = [`FROM ${base}`, 'COPY native /opt/postgres', 'COPY postgres.sh /usr/local/bin/start-postgres']
    const end = [
      'ENV PATH=/opt/postgres/bin:$PATH LC_ALL=C',
      'USER 1000:1000',
      'ENTRYPOINT ["sh", "/usr/local/bin/start-postgres"]',
    ]
    writeFileSync(join(context, 'Dockerfile'), [...lines, ...end].join('\n'))
    await run('docker', ['build', ...labels, '--tag', tag, context], { env: { ...process.env, DOCKER_BUILDKIT: '0' } })
  } finally {
    rmSync(context, { recursive: true, force: true })
  }
}

/** How images get into a cluster differs: LOAD_IMAGES is a command to which their names are appended; clusters of kind are known. */
async function load(...images: readonly string[]): Promise<void> {
  const command = process.env.LOAD_IMAGES ?? ''
  const context = await program('kubectl', ['config', 'current-context'])
  if (command !== '') await program('sh', ['-c', `${command} "$@"`, 'sh', ...images])
  else if (context.startsWith('kind-')) {
    await program('kind', ['load', 'docker-image', '--name', context.slice('kind-'.length), ...images])
  } else {
    throw new Error(`how images get into the cluster "${context}" is not known: set LOAD_IMAGES to a command for it`)
  }
}
