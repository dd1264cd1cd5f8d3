import { existsSync, readFileSync, realpathSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Log } from '../lib/log.ts'

/** One line of `/proc/self/mountinfo`, proc_pid_mountinfo(5). */
export interface Mount {
  /** Where it is mounted. */
  readonly point: string
  /** The folder of its file system that is mounted there; it shows whose volume this is. */
  readonly root: string
  /** `ext4`, `nfs4`, `overlay`, `fuse.sshfs` … */
  readonly type: string
}

/** What is doubtful about the place of a database. */
export type Doubt = 'network' | 'container' | 'memory'

const messages: Readonly<Record<Doubt, string>> = {
  network: 'the database is on a network file system, where SQLite can lose or damage it; put it on a local disk',
  container: 'the database will be lost with this container, and what is owed with it; mount a volume for its folder',
  memory: 'the database is on a file system in memory and will be lost with it; put it on a disk',
}

const networkTypes =
  /^(?:nfs\d?|cifs|smb\w*|ncpfs|afs|ceph|9p|lustre|gpfs|beegfs|glusterfs|orangefs|gfs2?|ocfs2|fuse|fuse\..+)$/
/** The root of a container whose files are kept as layers. */
const layerTypes = /^(?:overlay|aufs|fuse\.fuse-overlayfs)$/
/**
 * Volumes that no other container will find again: those that Docker and Podman make up where none is named, those that containerd makes for the
 * VOLUME of an image, and Kubernetes' emptyDir, which goes with its pod.
 */
const passingVolumes = [
  /\/volumes\/[0-9a-f]{64}\/_data$/,
  /\/containers\/[0-9a-f]{64}\/volumes\/[^/]+$/,
  /\/volumes\/kubernetes\.io~empty-dir\/[^/]+$/,
]

/** Says in the log what is doubtful about the place of an open SQLite database; says nothing where the system does not tell (macOS). */
export function warnOfStore(path: string, log: Log): void {
  const folder = realpathSync(dirname(path))
  const mounts = parseMounts(readIfThere('/proc/self/mountinfo'))
  const doubt = doubtOf(folder, mounts, isContainer(mounts))
  if (doubt !== null) log.warn({ folder, fileSystem: mountOf(folder, mounts)?.type }, messages[doubt])
}

/** What is doubtful about a folder of a database; null = nothing that could be seen. */
export function doubtOf(folder: string, mounts: readonly Mount[], inContainer: boolean): Doubt | null {
  const mount = mountOf(folder, mounts)
  if (mount === null) return null
  if (mount.type === 'tmpfs' || mount.type === 'ramfs') return 'memory'
  if (inContainer && (mount.point === '/' || passingVolumes.some((volume) => volume.test(mount.root)))) {
    return 'container'
  }
  return networkTypes.test(mount.type) ? 'network' : null
}

/** Lines that cannot be read are left out. */
export function parseMounts(mountInfo: string): readonly Mount[] {
  return mountInfo.split('\n').flatMap((line) => {
    const [, root, point, type] = /^\d+ \d+ \S+ (\S+) (\S+) .*? - (\S+) /.exec(line) ?? []
    return root === undefined || point === undefined || type === undefined
      ? []
      : [{ root: unescaped(root), point: unescaped(point), type }]
  })
}

/** The mount that a path without links lies on: the deepest one, and of those at the same place the last, which covers the others. */
function mountOf(path: string, mounts: readonly Mount[]): Mount | null {
  const above = mounts.filter(({ point }) => point === '/' || path === point || path.startsWith(`${point}/`))
  return above.reduce<Mount | null>(
    (deepest, mount) => (deepest === null || mount.point.length >= deepest.point.length ? mount : deepest),
    null,
  )
}

/** Docker and Podman leave a mark; a root made of layers speaks for itself. */
function isContainer(mounts: readonly Mount[]): boolean {
  const root = mountOf('/', mounts)
  return ['/.dockerenv', '/run/.containerenv'].some(existsSync) || (root !== null && layerTypes.test(root.type))
}

/** Blank, tab, line feed and backslash stand as `\040` there. */
function unescaped(field: string): string {
  return field.replaceAll(/\\(\d{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
