/** How far a trigger is with what was there before it (DESIGN 4, "First start on a folder"). */
export interface Baseline {
  readonly trigger: string
  readonly state: 'scanning' | 'done'
  /** Files whose ctime lies before it are known, milliseconds since the epoch; null = none are (`existing: fire`). A restart keeps the first one. */
  readonly cutMs: number | null
  /** While it is scanning: directories, and files, that no listing has read whole yet. Absent = no listing has ended, so that all of it is one. */
  readonly unlisted?: readonly string[]
}
