import { badValue, missing, notInRange, posixError } from '../api-error.ts'
import { defaultAttributes, pickAttributes, selectionOf } from '../attributes.ts'
import { type Exchange, json, noContent, Params, type Route, readJsonObject } from '../exchange.ts'
import type { Blocks } from '../model/blocks.ts'
import { bytesIn } from '../model/blocks.ts'
import { type ProviderState, type Subject, subjectOf } from '../provider-state.ts'
import { oneprovider } from './paths.ts'

const data = `${oneprovider}/data/{id}`

/** `/data/{id}`: attributes, mode, deletion, distribution. */
export function dataRoutes(state: ProviderState): readonly Route[] {
  if (!state.generation.dataApi) return []
  return [
    {
      method: 'GET',
      template: data,
      handler: async (exchange) => {
        const params = await paramsOf(state, exchange)
        const { node, tree, access } = subjectOf(state, exchange)
        const selection = selectionOf(state, params)
        access.reach(node)
        const source = { node, tree, state }
        return json(selection === null ? defaultAttributes(source) : pickAttributes(source, selection))
      },
    },
    {
      method: 'PUT',
      template: data,
      handler: async (exchange) => {
        const subject = subjectOf(state, exchange)
        const mode = parseMode((await readJsonObject(exchange.request)).mode, 0o1777)
        if (mode === null) throw missing('mode')
        subject.access.requireInside(subject.node)
        subject.tree.chmod(subject.node, mode)
        return noContent
      },
    },
    {
      method: 'DELETE',
      template: data,
      handler: (exchange) => {
        remove(subjectOf(state, exchange))
        return noContent
      },
    },
    {
      method: 'GET',
      template: `${data}/distribution`,
      handler: (exchange) => {
        const subject = subjectOf(state, exchange)
        subject.access.reach(subject.node)
        return json(distribution(state, subject))
      },
    },
  ]
}

/** Query, and the JSON body that newer versions take on GET. */
export async function paramsOf(state: ProviderState, exchange: Exchange): Promise<Params> {
  if (state.generation.attributes !== 'current') return new Params(exchange.query)
  return new Params(exchange.query, await readJsonObject(exchange.request))
}

/** Deletes, where the rights allow it. */
export function remove({ tree, node, access }: Subject): void {
  if (node.parent === null) throw posixError('eperm')
  access.requireInside(node)
  access.requireWrite(node.parent)
  tree.remove(node)
}

/** An octal text; null where there is none. */
export function parseMode(value: unknown, most: number): number | null {
  if (value === undefined || value === null) return null
  if (typeof value !== 'string' || !/^[0-7]+$/.test(value)) throw badValue('Integer', 'mode')
  const mode = Number.parseInt(value, 8)
  if (mode > most) throw notInRange('mode', 0, most)
  return mode
}

function distribution(state: ProviderState, { node, tree }: Subject): object {
  const held = new Map(node.locations)
  if (!held.has(tree.providerId)) held.set(tree.providerId, [])
  if (state.generation.oldSpelling) {
    return [...held].map(([providerId, blocks]) => ({ providerId, blocks, totalBlocksSize: bytesIn(blocks) }))
  }
  const perProvider = [...held].map(([providerId, blocks]) => [providerId, oneDistribution(node.size, blocks)])
  return { type: node.type, distributionPerProvider: Object.fromEntries(perProvider) }
}

function oneDistribution(virtualSize: number, blocks: Blocks): object {
  return {
    success: true,
    virtualSize,
    locationsPerStorage: { storage: '/simulated' },
    distributionPerStorage: { storage: { blocks, physicalSize: bytesIn(blocks) } },
  }
}
