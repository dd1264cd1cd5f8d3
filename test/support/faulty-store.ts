import type { Store } from '../../src/store/store.ts'

/** What happens around each call to a store; throwing makes the call fail, before or after it has had its effect. */
export interface Faults {
  readonly before?: (operation: string) => Promise<void> | void
  readonly after?: (operation: string) => Promise<void> | void
}

/** The same store, with something in the way. */
export function faultyStore(store: Store, { before, after }: Faults): Store {
  return new Proxy(store, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name)
      if (typeof value !== 'function') return value
      return async (...args: unknown[]) => {
        await before?.(String(name))
        const answer: unknown = await Reflect.apply(value, target, args)
        await after?.(String(name))
        return answer
      }
    },
  })
}
