/** A number in [0, 1), like `Math.random`; injected so that one seed repeats a run. */
export type Random = () => number
