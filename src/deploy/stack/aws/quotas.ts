import { lazily } from '../../../lib/lazily.ts'
import type { GpuFamily, Quotas } from '../cloud.ts'
import { isDenied } from '../failure.ts'
import { asking, type ClientConfig, type Part } from './client.ts'

/** "Running On-Demand G and VT instances" and "Running On-Demand P instances", in vCPUs. */
export const gpuQuotas: Readonly<Record<GpuFamily, { readonly code: string; readonly name: string }>> = {
  G: { code: 'L-DB2E81BA', name: 'Running On-Demand G and VT instances' },
  P: { code: 'L-417A185B', name: 'Running On-Demand P instances' },
}

export function createQuotas(config: ClientConfig): Quotas & Part {
  const sdk = lazily(async () => {
    const commands = await import('@aws-sdk/client-service-quotas')
    return { commands, client: new commands.ServiceQuotasClient(config) }
  })
  return {
    gpuQuota: (family) =>
      asking(`looking up the quota "${gpuQuotas[family].name}"`, async () => {
        const { client, commands } = await sdk.get()
        const asked = new commands.GetServiceQuotaCommand({ ServiceCode: 'ec2', QuotaCode: gpuQuotas[family].code })
        try {
          return (await client.send(asked)).Quota?.Value ?? null
        } catch (error) {
          // A warning less is no reason to stop: few people have this right, and some regions do not know the code.
          if (isDenied(error) || (error instanceof Error && /^NoSuchResource/.test(error.name))) return null
          throw error
        }
      }),
    close: () => void sdk.made?.then(({ client }) => client.destroy()),
  }
}
