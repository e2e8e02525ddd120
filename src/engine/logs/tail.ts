import { readLog, type LogSource } from './read.ts'

/** The last `count` lines that a container wrote to either stream, without their line ends; none when it keeps no log. */
export async function tailLog(source: LogSource | undefined, count: number): Promise<string[]> {
  const lines: string[] = []
  if (source === undefined) return lines
  for await (const records of readLog(source, { tail: count })) lines.push(...records.map(({ log }) => log.replace(/\r?\n$/, '')))
  return lines
}
