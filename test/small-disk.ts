import { mkdirSync, rmSync, statfsSync, appendFileSync } from 'node:fs'
import { mount, unmount } from '#host/kernel/mount.ts'
import { Instance } from './instance.ts'

/** A file system of a few megabytes in memory, for what happens when there is no room left. */
export class SmallDisk implements Disposable {
  readonly #path: string
  readonly #filling: string

  /** Mounts it at a path. */
  constructor(path: string, megabytes: number) {
    this.#path = path
    this.#filling = `${path}/filling`
    mkdirSync(path, { recursive: true })
    mount('tmpfs', path, 'tmpfs', 0, `size=${megabytes}m`)
  }

  /** Bytes. */
  get free(): number {
    const { bavail, bsize } = statfsSync(this.#path)
    return bavail * bsize
  }

  /** Takes all the room but so many bytes, in whole pages. */
  leave(bytes: number): void {
    if (this.free < bytes) this.clear()
    const piece = Buffer.alloc(64 << 10)
    for (let over = this.free - bytes; over > 0; over = this.free - bytes)
      appendFileSync(this.#filling, over < piece.length ? piece.subarray(0, over) : piece)
  }

  /** Gives the room back. */
  clear(): void {
    rmSync(this.#filling, { force: true })
  }

  [Symbol.dispose](): void {
    unmount(this.#path)
  }
}

/** An instance whose data lie on such a disk; disposing it uninstalls it. */
export class InstanceOnSmallDisk extends Instance implements AsyncDisposable {
  readonly disk: SmallDisk

  constructor(megabytes: number, options: readonly string[] = []) {
    super(options)
    this.disk = new SmallDisk(this.data, megabytes)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.uninstall(this.disk)
  }
}
