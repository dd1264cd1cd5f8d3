import { isInside, joinPath } from '../../core/observation.ts'

/** The directories that are watched, by id. */
export class DirectoryTree {
  readonly #paths = new Map<string, string>()

  get size(): number {
    return this.#paths.size
  }

  ids(): string[] {
    return [...this.#paths.keys()]
  }

  has(fileId: string): boolean {
    return this.#paths.has(fileId)
  }

  /** Path inside the space; undefined = not watched. */
  path(fileId: string): string | undefined {
    return this.#paths.get(fileId)
  }

  set(fileId: string, path: string): void {
    this.#paths.set(fileId, path)
  }

  delete(fileId: string): void {
    this.#paths.delete(fileId)
  }

  /** Path of a child; null where the directory is not watched or the name was not told. */
  child(parentId: string, name: string | null): string | null {
    const parent = this.#paths.get(parentId)
    return parent === undefined || name === null ? null : joinPath(parent, name)
  }

  /** Whether a path lies in one of the folders. */
  static inside(path: string, folders: readonly string[]): boolean {
    return folders.some((folder) => isInside(path, folder))
  }
}
