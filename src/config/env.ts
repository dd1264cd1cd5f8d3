import { proxyFromEnvironment } from '../lib/proxy.ts'

/** Variables by name, as the process got them; an absent one is undefined. */
export type Environment = Readonly<Record<string, string | undefined>>

/** The environment of this process, live. Here and in the command line's entry point only: everything else gets it as an argument. */
export const processEnvironment: Environment = process.env

/** A variable of this process, as it is now. */
export const environmentVariable = (name: string): string | undefined => processEnvironment[name]

/** The proxy that this process's environment names for a URL; null = none. */
export const environmentProxy = proxyFromEnvironment(processEnvironment)
