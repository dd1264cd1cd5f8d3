import type { Config } from '../config/config.ts'
import { environmentProxy, environmentVariable } from '../config/env.ts'
import { ConfigError, SourceError } from '../core/errors.ts'
import type { FileEvent } from '../core/event.ts'
import type { Source } from '../core/source.ts'
import type { Target } from '../core/target.ts'
import type { DispatcherTarget } from '../delivery/dispatcher.ts'
import type { Clock } from '../lib/clock.ts'
import { createEgress } from '../lib/egress.ts'
import type { SecretRef } from '../lib/fields.ts'
import type { Log } from '../lib/log.ts'
import type { SecretSource } from '../lib/secret.ts'
import { RequestThread } from '../targets/http/thread/request-thread.ts'
import * as targets from '../targets/registry.ts'
import type { Closers } from './closers.ts'

/** What building targets takes beside their configuration. */
interface TargetDeps {
  readonly clock: Clock
  readonly log: Log
  readonly secret: (ref: SecretRef) => SecretSource
  /** Whether it lives long enough for a thread that makes requests while they are many. */
  readonly mayStartThreads?: boolean
}

/** Builds every target of a configuration; `closers` sees to their end. Throws `ConfigError`. */
export function buildTargets(
  config: Config,
  deps: TargetDeps,
  sourcesByName: ReadonlyMap<string, Source>,
  closers: Closers,
): Map<string, DispatcherTarget> {
  const built = new Map<string, DispatcherTarget>()
  const egress = createEgress(config.egress)
  const { clock, log } = deps
  const mayStart = deps.mayStartThreads === true
  const thread = mayStart ? closers.add(new RequestThread({ clock, log, egress: config.egress })) : undefined
  for (const [name, target] of config.targets) {
    const definition = Object.values(targets).find((each) => each.type === target.type)
    if (definition === undefined)
      throw new ConfigError('CONFIG_INVALID', `Target "${name}": there is no type "${target.type}".`)
    const { concurrency, timeoutMs } = target
    const instance: Target = definition.build(target.options, {
      name,
      clock,
      log: log.child({ target: name }),
      timeoutMs,
      concurrency,
      secret: deps.secret,
      egress,
      thread,
      proxyFor: environmentProxy,
      variable: environmentVariable,
      fileVersion: async (event, signal) => sourceOf(sourcesByName, event).fileVersion(event, signal),
      readContent: async (event, range, signal) => sourceOf(sourcesByName, event).readContent(event, range, signal),
    })
    built.set(name, { ...target, target: closers.add(instance) })
  }
  return built
}

/** A delivery may be owed for a file of a source that the configuration does not name any more. */
function sourceOf(sourcesByName: ReadonlyMap<string, Source>, { source }: FileEvent): Source {
  const named = sourcesByName.get(source)
  if (named !== undefined) return named
  throw new SourceError('SOURCE_UNREACHABLE', `no source "${source}" is watched by this configuration`)
}
