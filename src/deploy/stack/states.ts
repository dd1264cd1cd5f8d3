/** What can be done with a stack in the state that CloudFormation tells. */
export type StackUse = 'changeable' | 'busy' | 'stuck' | 'unmade'

/** A stack that was never finished has to go before its name is free; one whose change could not be undone needs a person. */
export function useOf(status: string): StackUse {
  if (status.endsWith('_IN_PROGRESS')) return 'busy'
  if (status === 'ROLLBACK_COMPLETE' || status === 'CREATE_FAILED' || status === 'ROLLBACK_FAILED') return 'unmade'
  return status.endsWith('_FAILED') ? 'stuck' : 'changeable'
}

/** Whether nothing moves any more. */
export function isSettled(status: string): boolean {
  return useOf(status) !== 'busy'
}
