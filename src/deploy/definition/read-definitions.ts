import { isObject } from '../../lib/is-object.ts'
import type { FunctionDefinition, JobResources, Providers, StorageEntry } from './definition.ts'
import { readEnvironment } from './from-environment.ts'
import { type Demand, smallestGpuInstance } from './instance-types.ts'
import { asList, asMap, asNumber, asSwitch, asText, asTexts, asVariables, type Loose } from './loose.ts'
import { mergeProviders, readEntries, readProviders } from './providers.ts'

/** One function as the file has it: its own settings, and those of Batch beside it. */
interface RawFunction {
  readonly name: string | null
  readonly own: Loose
  readonly batch: Loose
  readonly isOscar: boolean
}

/** What SCAR gives a job that says nothing else. */
const scarDefaults = { vcpus: 1, memory: 1_024, maxVcpus: 2 }

/**
 * Reads a function definition file in any of its forms: `functions: { name: … }` (SCAR 3, 2019), the drafts of November 2019, `functions.aws` (SCAR 4)
 * and `functions.oscar`. What a form lacks gets SCAR's defaults. Empty where there is no function in it.
 */
export function readDefinitions(raw: unknown): readonly FunctionDefinition[] {
  const file = asMap(raw)
  return rawFunctions(file).flatMap((each) => definitionOf(each, file) ?? [])
}

function rawFunctions(file: Loose): readonly RawFunction[] {
  const { functions } = file
  if (Array.isArray(functions)) return functions.flatMap((each) => ofProviders(asMap(each), file))
  const map = asMap(functions)
  if (Array.isArray(map.aws) || Array.isArray(map.oscar)) return ofProviders(map, file)
  return Object.entries(map).map(([name, own]) => ({
    name,
    own: asMap(own),
    batch: { ...asMap(file.batch), ...asMap(asMap(own).batch) },
    isOscar: false,
  }))
}

/** `aws` holds functions, bare or below `lambda` with services beside it; `oscar` holds services by cluster. */
function ofProviders(map: Loose, file: Loose): readonly RawFunction[] {
  const aws = asList(map.aws)
    .map(asMap)
    .map((each) => {
      const own = isObject(each.lambda) ? each.lambda : each
      return { name: asText(own.name), own, batch: { ...asMap(file.batch), ...asMap(each.batch) }, isOscar: false }
    })
  const oscar = asList(map.oscar)
    .map(asMap)
    .flatMap((byCluster) => Object.values(byCluster).map(asMap))
    .map((own) => ({ name: asText(own.name), own, batch: own, isOscar: true }))
  return [...aws, ...oscar]
}

function definitionOf({ name, own, batch, isOscar }: RawFunction, file: Loose): FunctionDefinition | null {
  const container = asMap(own.container)
  const image = asText(container.image) ?? asText(own.image)
  if (name === null || image === null) return null
  const variables = {
    ...asVariables(own.environment_variables),
    ...asVariables(own.lambda_environment),
    ...asVariables(own.environment),
    ...asVariables(container.environment),
    ...(isOscar ? {} : asVariables(batch.environment)),
  }
  const fromEnvironment = readEnvironment(variables)
  const providers = mergeProviders(fromEnvironment.providers, readProviders(file))
  const input = [...readEntries(own.input, providers), ...fromEnvironment.input, ...bucketEntries(own, 'input')]
  const output = [...readEntries(own.output, providers), ...fromEnvironment.output, ...bucketEntries(own, 'output')]
  return {
    name,
    image,
    script: asText(own.init_script) ?? asText(own.script),
    mode: isOscar ? 'batch' : modeOf(own.execution_mode),
    logLevel: asText(own.log_level) ?? 'INFO',
    environment: fromEnvironment.rest,
    ...(input.length + output.length === 0 ? foldersByName(name, providers) : { input, output }),
    providers,
    resources: isOscar ? oscarResources(own) : batchResources(own, batch),
    supervisor: asText(asMap(own.supervisor).version) ?? 'latest',
  }
}

/** A definition that names one Onedata provider and no folder has those that OSCAR 1 made for it. */
function foldersByName(name: string, { onedata = {} }: Providers): Pick<FunctionDefinition, 'input' | 'output'> {
  const [id, ...others] = Object.keys(onedata)
  if (id === undefined || others.length > 0) return { input: [], output: [] }
  const entry = (direction: string): StorageEntry => ({ provider: `onedata.${id}`, path: `${name}-${direction}` })
  return { input: [entry('in')], output: [entry('out')] }
}

function modeOf(mode: unknown): FunctionDefinition['mode'] {
  const text = asText(mode)
  return text === 'batch' || text === 'lambda-batch' ? text : 'lambda'
}

/** SCAR 3 named buckets of S3 beside the function; without one for output it took the input's. */
function bucketEntries(own: Loose, direction: 'input' | 'output'): readonly StorageEntry[] {
  const s3 = asMap(own.s3)
  const bucket = asText(s3[`${direction}_bucket`]) ?? (direction === 'output' ? asText(s3.input_bucket) : null)
  if (bucket === null) return []
  const folder = asText(s3[`${direction}_folder`]) ?? (direction === 'output' ? 'output' : '')
  return [{ provider: 's3.default', path: [bucket, folder].filter((part) => part !== '').join('/') }]
}

/** Settings of Batch lay at the function, in `batch` or in `batch.compute_resources`, by the year. */
function batchResources(own: Loose, batch: Loose): JobResources {
  const all = { ...own, ...asMap(own.compute_resources), ...batch, ...asMap(batch.compute_resources) }
  const isGpu = asSwitch(all.enable_gpu)
  const instanceTypes = asTexts(all.instance_types)
  const vcpus = asNumber(all.vcpus) ?? scarDefaults.vcpus
  const memory = asNumber(batch.memory) ?? Math.max(asNumber(own.memory) ?? 0, scarDefaults.memory)
  return {
    vcpus,
    memory,
    gpus: isGpu ? 1 : 0,
    minVcpus: asNumber(all.min_v_cpus) ?? 0,
    maxVcpus: Math.max(asNumber(all.max_v_cpus) ?? scarDefaults.maxVcpus, vcpus),
    instanceTypes: instanceTypes.length > 0 ? instanceTypes : anyInstance(isGpu, { vcpus, memory }),
    subnets: asTexts(all.subnets),
    securityGroups: asTexts(all.security_group_ids),
  }
}

/** Instance types where none is named: the smallest with a GPU that fits, or what Batch chooses among its general ones. */
function anyInstance(isGpu: boolean, demand: Demand): readonly string[] {
  return [isGpu ? smallestGpuInstance(demand) : 'optimal']
}

/** Quantities of Kubernetes, as whole vCPUs and MiB. */
function oscarResources(own: Loose): JobResources {
  const isGpu = asSwitch(own.enable_gpu)
  const vcpus = Math.max(1, Math.ceil(cpusOf(asText(own.cpu) ?? '1')))
  const memory = Math.max(128, mebibytesOf(asText(own.memory) ?? '256Mi'))
  return {
    vcpus,
    memory,
    gpus: isGpu ? 1 : 0,
    minVcpus: 0,
    maxVcpus: Math.max(scarDefaults.maxVcpus, vcpus),
    instanceTypes: anyInstance(isGpu, { vcpus, memory }),
    subnets: [],
    securityGroups: [],
  }
}

function cpusOf(text: string): number {
  const number = Number.parseFloat(text)
  return text.endsWith('m') ? number / 1_000 : number
}

const units: Readonly<Record<string, number>> = {
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  k: 1e3,
  K: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
}

function mebibytesOf(text: string): number {
  const [, digits = '0', unit = ''] = /^([\d.]+)\s*([A-Za-z]*)$/.exec(text) ?? []
  return Math.ceil((Number(digits) * (units[unit] ?? 1)) / 2 ** 20)
}
