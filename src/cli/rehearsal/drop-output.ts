import { Writable } from 'node:stream'

/**
 * Until this is disposed, what is written to the outputs goes nowhere. Node makes the real streams when they are first asked for, as
 * what they are then, which is the command's to do; a socket that is closed asks for one too, and is closed at any time.
 */
export function dropOutput(): Disposable {
  using stack = new DisposableStack()
  for (const name of ['stdout', 'stderr'] as const) {
    const property = Object.getOwnPropertyDescriptor(process, name)
    if (property === undefined) continue
    const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
    Object.defineProperty(process, name, { configurable: true, get: () => nowhere })
    stack.defer(() => void Object.defineProperty(process, name, property))
  }
  return stack.move()
}
