import { refuseDataCaveats, requireApi, requireCaller, requireMember } from '../access.ts'
import { badValue, forbidden } from '../api-error.ts'
import { readSpecification } from '../change-specification.ts'
import { ChangeStream } from '../change-stream.ts'
import { type Answer, type Exchange, type Route, readBody } from '../exchange.ts'
import { LiveStream } from '../live-stream.ts'
import { type ProviderState, treeOfSpace } from '../provider-state.ts'
import { oneprovider } from './paths.ts'

/** `POST /changes/metadata/{sid}`: every change of a space, for those with the privilege. */
export function changeRoutes(state: ProviderState): readonly Route[] {
  const template = `${oneprovider}/changes/metadata/{sid}`
  return [{ method: 'POST', template, handler: (exchange) => subscribe(state, exchange) }]
}

async function subscribe(state: ProviderState, exchange: Exchange): Promise<Answer | null> {
  if (!/^application\/json\b/.test(exchange.request.headers['content-type'] ?? '')) return { status: 415 }
  const caller = requireCaller(exchange.caller())
  refuseDataCaveats(caller)
  requireApi(caller, `op-worker/get/op_metrics.${exchange.params.sid ?? ''}.changes`)
  requireMember(caller)
  // 18.02 asks for membership only.
  if (state.generation.errors !== 'legacy' && caller.grant.changesStream === false) throw forbidden()
  const tree = treeOfSpace(state, exchange.params.sid ?? '')
  const endAfterMs = readNumber(exchange, 'timeout', 'infinity')
  const firstSeq = readNumber(exchange, 'last_seq', 'now') ?? readNumber(exchange, 'startAtSeq', 'now')
  const specification = readSpecification((await readBody(exchange.request)).toString(), state.generation)
  if (specification === null) return { status: 500 }
  const stream = new LiveStream(exchange.response, {
    clock: state.clock,
    idleCutMs: state.delays.idleCutMs,
    ...(endAfterMs === null ? {} : { endAfterMs }),
    headers: { 'content-type': 'application/json' },
  })
  state.faults.register(stream)
  new ChangeStream({ state, tree, specification, firstSeq }, stream).start()
  return null
}

/** Null where it is not there, or is the word that stands for nothing special. */
function readNumber({ query }: Exchange, key: string, word: string): number | null {
  const text = query.get(key)
  if (text === null || text === word) return null
  if (!/^\d+$/.test(text)) throw badValue('Integer', key)
  return Number(text)
}
