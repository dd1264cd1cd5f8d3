export type Errno =
  | 'eacces'
  | 'eexist'
  | 'einval'
  | 'eisdir'
  | 'enametoolong'
  | 'enodata'
  | 'enoent'
  | 'enotdir'
  | 'enotempty'
  | 'eperm'

/** What an operation on files is refused with; answers name it by its errno. */
export class PosixError extends Error {
  override readonly name = 'PosixError'
  readonly errno: Errno

  constructor(errno: Errno) {
    super(`the operation failed with ${errno}`)
    this.errno = errno
  }
}
