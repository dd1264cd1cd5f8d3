import { describe, expect, it } from 'vitest'
import { doubtOf, type Mount, parseMounts } from '../../src/app/store-warnings.ts'

const folder = '/var/lib/onetrigger'
const hex = 'ab01'.repeat(16)
const disk: Mount = { point: '/', root: '/', type: 'ext4' }
const layers: Mount = { point: '/', root: '/', type: 'overlay' }
const at = (point: string, type: string, root = '/'): Mount => ({ point, root, type })

describe('the place of a database on a machine', () => {
  it.each(['ext4', 'xfs', 'btrfs', 'zfs', 'apfs', 'fuseblk', 'virtiofs', 'overlay'])('may be on %s', (type) => {
    expect(doubtOf(folder, [disk, at('/var/lib', type)], false)).toBeNull()
  })

  it.each(['nfs', 'nfs4', 'cifs', 'smb3', 'ceph', '9p', 'lustre', 'fuse.sshfs', 'fuse.oneclient', 'fuse.glusterfs'])(
    'is doubtful on %s, a network file system',
    (type) => {
      expect(doubtOf(folder, [disk, at('/var', type)], false)).toBe('network')
      expect(doubtOf(folder, [disk, at('/var', type)], true)).toBe('network')
    },
  )

  it.each(['tmpfs', 'ramfs'])('is doubtful on %s, which lives in memory', (type) => {
    expect(doubtOf(folder, [disk, at('/var/lib', type)], false)).toBe('memory')
  })

  it('is that of the deepest mount, and of the last where two are at the same place', () => {
    const nested = [at(folder, 'ext4'), disk, at('/var', 'nfs4')]
    const covered = [disk, at('/var', 'ext4'), at('/var', 'nfs4')]

    expect(doubtOf(folder, nested, false)).toBeNull()
    expect(doubtOf(folder, covered, false)).toBe('network')
  })

  it('is not that of a mount whose name is only the beginning of a name', () => {
    expect(doubtOf(folder, [disk, at('/var/lib/one', 'nfs4')], false)).toBeNull()
  })

  it('gives no doubt where the system tells of no mounts', () => expect(doubtOf(folder, [], true)).toBeNull())
})

describe('the place of a database in a container', () => {
  it.each([layers, disk, at('/', 'fuse.fuse-overlayfs')])('is lost with the files of the container: %j', (root) => {
    expect(doubtOf(folder, [root], true)).toBe('container')
  })

  it.each([
    ['that Docker made up', `/var/lib/docker/volumes/${hex}/_data`],
    ['that Docker made up, on a disk of its own', `/volumes/${hex}/_data`],
    [
      'that containerd made up for the image',
      `/var/lib/containerd/io.containerd.grpc.v1.cri/containers/${hex}/volumes/${hex}`,
    ],
    ['emptyDir of Kubernetes', '/var/lib/kubelet/pods/1b2c/volumes/kubernetes.io~empty-dir/state'],
  ])('is lost with a volume %s', (_, root) => {
    expect(doubtOf(folder, [layers, at(folder, 'ext4', root)], true)).toBe('container')
  })

  it.each([
    ['named volume', '/var/lib/docker/volumes/onetrigger/_data'],
    ['folder of the machine', '/srv/onetrigger'],
    ['persistent volume of Kubernetes', '/var/lib/kubelet/pods/1b2c/volumes/kubernetes.io~csi/pvc-1/mount'],
    ['whole disk', '/'],
  ])('is kept on a %s', (_, root) => {
    expect(doubtOf(folder, [layers, at(folder, 'ext4', root)], true)).toBeNull()
  })
})

describe('the list of mounts', () => {
  it('is read as Linux writes it, with and without optional fields, and with blanks in names', () => {
    const text = [
      '81 55 0:39 / / rw,relatime master:3 - overlay overlay rw,lowerdir=/a:/b',
      '85 81 0:45 / /sys ro,nosuid - sysfs sysfs ro',
      String.raw`101 81 254:0 /my\040volumes/x /mnt/a\040b rw shared:1 master:1 - ext4 /dev/vda rw`,
      'nonsense',
      '',
    ].join('\n')

    expect(parseMounts(text)).toEqual([
      { point: '/', root: '/', type: 'overlay' },
      { point: '/sys', root: '/', type: 'sysfs' },
      { point: '/mnt/a b', root: '/my volumes/x', type: 'ext4' },
    ])
  })
})
