/** An error as those of sockets are: it has a code. */
export function broken(code: string): Error {
  return Object.assign(new Error(`the connection failed: ${code}`), { code })
}
