import type { FileState } from '../../core/file-state.ts'
import { decodeState, encodeState } from '../encoding.ts'

/** A state as the text of an item; nulls are left out. */
export function encodeFile(state: FileState): string {
  const { trigger, fileId, path, phase } = state
  return JSON.stringify({ trigger, fileId, path, phase, ...JSON.parse(encodeState(state)) })
}

/** What `encodeFile` wrote. */
export function decodeFile(data: string): FileState {
  const all = JSON.parse(data) as FileState
  const { trigger, fileId, path, phase, ...rest } = all
  return decodeState({ trigger, fileId, path, phase }, rest)
}
