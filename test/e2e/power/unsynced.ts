/** What is not synced although OneTrigger asks for it. */
export type Unsynced = 'nothing' | 'log' | 'all'

/** The variable that says so. */
export const unsyncedVariable = 'UNSYNCED'
