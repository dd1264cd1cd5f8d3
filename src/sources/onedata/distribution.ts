import { z } from 'zod'

/** `[offset, length]` in bytes. */
const blocks = z.array(z.tuple([z.number(), z.number()]))

/** 21.02 and later: by provider and storage; one that could not be asked has no blocks. */
const byProvider = z.object({
  distributionPerProvider: z.record(
    z.string(),
    z.object({
      success: z.boolean(),
      distributionPerStorage: z.record(z.string(), z.object({ blocks: blocks.optional() })).default({}),
    }),
  ),
})

/** 20.02. */
const list = z.array(z.object({ providerId: z.string(), blocks }))

/**
 * Whether the providers of a space hold every byte of a file among them, so that what is missing on one of them lies on another and is
 * no hole. Null where it cannot be told: the answer has another form, or a provider that might hold the rest could not be asked.
 */
export function holdsEverything(body: unknown, size: number): boolean | null {
  const told = heldBlocks(body)
  if (told === null) return null
  if (coveredUpTo(told.blocks) >= size) return true
  return told.isComplete ? false : null
}

type Blocks = z.output<typeof blocks>

function heldBlocks(body: unknown): { readonly blocks: Blocks; readonly isComplete: boolean } | null {
  const old = list.safeParse(body)
  if (old.success) return { blocks: old.data.flatMap((provider) => provider.blocks), isComplete: true }
  const current = byProvider.safeParse(body)
  if (!current.success) return null
  const providers = Object.values(current.data.distributionPerProvider)
  return {
    blocks: providers.flatMap(({ distributionPerStorage }) =>
      Object.values(distributionPerStorage).flatMap((storage) => storage.blocks ?? []),
    ),
    isComplete: providers.every(({ success }) => success),
  }
}

/** Where the first gap begins. */
function coveredUpTo(unsorted: Blocks): number {
  let end = 0
  for (const [offset, length] of unsorted.toSorted(([a], [b]) => a - b)) {
    if (offset > end) return end
    end = Math.max(end, offset + length)
  }
  return end
}
