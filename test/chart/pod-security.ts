import { z } from 'zod'
import type { Manifest } from './manifests.ts'

const profile = z.looseObject({ type: z.string() })

const securityContext = z
  .looseObject({
    runAsNonRoot: z.boolean().optional(),
    runAsUser: z.number().optional(),
    privileged: z.boolean().optional(),
    allowPrivilegeEscalation: z.boolean().optional(),
    readOnlyRootFilesystem: z.boolean().optional(),
    seccompProfile: profile.optional(),
    capabilities: z
      .looseObject({ drop: z.array(z.string()).default([]), add: z.array(z.string()).default([]) })
      .optional(),
  })
  .default({})

const containerSchema = z.looseObject({ name: z.string(), securityContext })

export const podSpecSchema = z.looseObject({
  containers: z.array(containerSchema).min(1),
  initContainers: z.array(containerSchema).default([]),
  securityContext,
  volumes: z.array(z.looseObject({ name: z.string() })).default([]),
  automountServiceAccountToken: z.boolean().optional(),
  enableServiceLinks: z.boolean().optional(),
})

export type PodSpec = z.output<typeof podSpecSchema>
type Container = PodSpec['containers'][number]

/** The pods that an object makes: itself, or its template. */
export function podSpecOf({ kind, spec }: Manifest): PodSpec | null {
  if (kind === 'Pod') return podSpecSchema.parse(spec)
  if (kind !== 'Deployment') return null
  return z.object({ template: z.object({ spec: podSpecSchema }) }).parse(spec).template.spec
}

const allowedVolumes = [
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'persistentVolumeClaim',
  'projected',
  'secret',
]

/**
 * What is against the `restricted` standard (https://kubernetes.io/docs/concepts/security/pod-security-standards/), and what we ask for beyond it:
 * a read-only root, no token of the API, no variables for Services.
 */
export function securityProblems(pod: PodSpec): readonly string[] {
  const ofPod = [
    pod.hostNetwork === true || pod.hostPID === true || pod.hostIPC === true ? 'shares a namespace of the node' : null,
    pod.automountServiceAccountToken === false ? null : 'mounts a token of the API',
    pod.enableServiceLinks === false ? null : 'gets variables for Services',
    ...pod.volumes.map(({ name, ...volume }) =>
      Object.keys(volume).every((type) => allowedVolumes.includes(type))
        ? null
        : `volume ${name} is of a forbidden type`,
    ),
  ]
  const ofContainers = [...pod.initContainers, ...pod.containers].flatMap((container) =>
    containerProblems(container, pod).map((problem) => `${container.name} ${problem}`),
  )
  return [...ofPod.filter((problem) => problem !== null), ...ofContainers]
}

function containerProblems(
  { securityContext: own }: Container,
  { securityContext: shared }: PodSpec,
): readonly string[] {
  const seccomp = (own.seccompProfile ?? shared.seccompProfile)?.type ?? ''
  const broken = {
    'may be root': (own.runAsNonRoot ?? shared.runAsNonRoot) !== true || (own.runAsUser ?? shared.runAsUser) === 0,
    'is privileged': own.privileged === true,
    'may gain privileges': own.allowPrivilegeEscalation !== false,
    'keeps capabilities': own.capabilities?.drop.includes('ALL') !== true,
    'adds capabilities': own.capabilities?.add.some((name) => name !== 'NET_BIND_SERVICE') === true,
    'has no seccomp profile': !['RuntimeDefault', 'Localhost'].includes(seccomp),
    'may write to its root': own.readOnlyRootFilesystem !== true,
  }
  return Object.entries(broken).flatMap(([problem, is]) => (is ? [problem] : []))
}
