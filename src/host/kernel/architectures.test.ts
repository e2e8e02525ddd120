import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { after, test } from 'node:test'
import { runsHere } from './architectures.ts'

const home = mkdtempSync(`${tmpdir()}/galley-architectures-`)

after(() => rmSync(home, { recursive: true, force: true }))

/** The number of an architecture in a program's head (elf(5)), the bits of a pointer, and instructions that end with code 7. */
const programs: Readonly<Record<string, readonly [machine: number, bits: 32 | 64, code: string]>> = {
  amd64: [0x3e, 64, 'b83c000000bf070000000f05'],
  '386': [0x03, 32, 'b801000000bb07000000cd80'],
  arm64: [0xb7, 64, 'e00080d2a80b80d2010000d4'],
  arm: [0x28, 32, '0700a0e30170a0e3000000ef'],
}

/** The smallest program: a head, one segment that holds the whole file, and the instructions. */
function assemble([machine, bits, text]: readonly [number, 32 | 64, string]): Buffer {
  const code = Buffer.from(text, 'hex')
  const wide = bits === 64
  const [head, segment] = wide ? [64, 56] : [52, 32]
  const [base, length] = [0x10000, head + segment + code.length]
  const file = Buffer.alloc(length)
  let at = 0
  const half = (value: number): void => void (at = file.writeUInt16LE(value, at))
  const word = (value: number): void => void (at = file.writeUInt32LE(value, at))
  const long = (value: number): void => void (at = wide ? file.writeBigUInt64LE(BigInt(value), at) : file.writeUInt32LE(value, at))
  const [EXEC, LOAD, READ_AND_RUN, EABI5] = [2, 1, 5, 0x05000000]
  at = Buffer.from([0x7f, 0x45, 0x4c, 0x46, wide ? 2 : 1, 1, 1]).copy(file) + 9
  for (const value of [EXEC, machine]) half(value)
  word(1)
  for (const value of [base + head + segment, head, 0]) long(value)
  word(machine === 0x28 ? EABI5 : 0)
  for (const value of [head, segment, 1, 0, 0, 0]) half(value)
  word(LOAD)
  if (wide) word(READ_AND_RUN)
  for (const value of [0, base, base, length, length]) long(value)
  if (!wide) word(READ_AND_RUN)
  long(0x10000)
  code.copy(file, at)
  return file
}

for (const [architecture, program] of Object.entries(programs)) {
  test(`it is known whether the kernel starts programs for ${architecture}`, () => {
    writeFileSync(`${home}/${architecture}`, assemble(program), { mode: 0o700 })
    // What the kernel refuses to start, the C library hands to a shell, which makes nothing of it.
    assert.equal(spawnSync(`${home}/${architecture}`).status === 7, runsHere(architecture))
  })
}
