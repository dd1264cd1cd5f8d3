import type { Config } from '../config/config.ts'
import type { CompletionPolicy, Trigger } from '../core/trigger.ts'
import { formatDuration } from '../lib/duration.ts'

/** What a configuration means, in words. Of targets only names and kinds: their options may hold secrets. */
export function describeTriggers(config: Config): readonly string[] {
  return config.triggers.flatMap((trigger) => [`trigger ${trigger.name}`, ...describe(trigger, config), ''])
}

function describe(trigger: Trigger, config: Config): readonly string[] {
  const { space, folder, include, exclude, completion, deliver, deliverStalled } = trigger
  const where = folder === '' ? `space "${space}"` : `folder "${folder}" of space "${space}"`
  const kindOf = (target: string) => `${target} (${config.targets.get(target)?.type})`
  const facts: readonly (readonly [string, string])[] = [
    ['watches', `${where} at source ${trigger.source} (${config.sources.get(trigger.source)?.type})`],
    ['only', include.join(', ')],
    ['without', exclude.join(', ')],
    ['complete', describeCompletion(completion)],
    ['before', describeExisting(trigger)],
    ['changes', trigger.revisions === 'each' ? 'new content of a file fires again' : 'a file fires once only'],
    ['tells', deliver.map(kindOf).join(', ')],
    ['stalled', deliverStalled.map(kindOf).join(', ')],
  ]
  return facts.filter(([, text]) => text !== '').map(([label, text]) => `  ${label.padEnd(9)} ${text}`)
}

function describeCompletion(completion: CompletionPolicy): string {
  const { marker, xattr, declaredSize, stableForMs } = completion
  const evidence = [
    ...(marker === null ? [] : [`${marker} lies beside it`]),
    ...(xattr === null ? [] : [`its attribute ${xattr.key} is ${xattr.value ?? 'set'}`]),
    ...(declaredSize === null ? [] : [`it has the size that its attribute ${declaredSize} declares`]),
  ]
  if (evidence.length > 0) return `when ${evidence.join(' and ')}`
  return `when it has not changed for ${formatDuration(stableForMs)}`
}

function describeExisting({ existing }: Trigger): string {
  switch (existing.kind) {
    case 'ignore':
      return 'files from before the first start do not fire'
    case 'fire':
      return 'files from before the first start fire'
    case 'since':
      return `files changed since ${new Date(existing.timeMs).toISOString()} fire`
  }
}
