import { DeployError } from '../../core/errors.ts'
import { gpuFamily, vcpusOf } from '../definition/instance-types.ts'
import type { JobPlan } from '../plan.ts'
import { gpuQuotas } from './aws/quotas.ts'
import type { Cloud, GpuFamily } from './cloud.ts'

/**
 * Refuses a job whose machines the account may never start: AWS makes the stack all the same, and jobs then wait for ever. New accounts may start no GPU at
 * all. What cannot be known is told and goes on.
 */
export async function checkGpuQuota(
  job: JobPlan | null,
  { cloud, say }: { readonly cloud: Cloud; readonly say: (text: string) => void },
): Promise<void> {
  if (job === null || job.gpus === 0) return
  const wanted = job.instanceTypes.flatMap((type) => {
    const family = gpuFamily(type)
    return family === null ? [] : [{ type, family, vcpus: vcpusOf(type) }]
  })
  const quotas = new Map<GpuFamily, number | null>()
  for (const family of new Set(wanted.map((each) => each.family))) quotas.set(family, await cloud.gpuQuota(family))
  if ([...quotas.values()].includes(null)) {
    say('whether this account may start GPUs could not be looked up (servicequotas:GetServiceQuota)')
    return
  }
  if (wanted.length === 0 || wanted.some(({ family, vcpus }) => (quotas.get(family) ?? 0) >= vcpus)) return
  const lines = wanted.map(({ type, family, vcpus }) => {
    const { name, code } = gpuQuotas[family]
    return `\n  ${type} takes ${vcpus} vCPUs, and the quota "${name}" (${code}) is ${quotas.get(family)}`
  })
  throw new DeployError(
    'DEPLOY_REFUSED',
    `this account may start none of the job's machines in this region:${lines.join('')}\nAsk for more in Service Quotas, then deploy again`,
  )
}
