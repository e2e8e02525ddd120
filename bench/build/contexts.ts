import { appendFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'

/** Directories to build from. Each starts from `box`, as no registry is at hand. */
export interface Context {
  readonly directory: string
  /** Changes one line of one file, another each time. */
  readonly change: (round: number) => void
}

/** The lecture's Dockerfile: a jar of 40 MB, a working directory, a command. */
export function lecture(home: string): Context {
  const directory = `${home}/lecture`
  mkdirSync(`${directory}/build/libs`, { recursive: true })
  writeJar(`${directory}/build/libs/app.jar`, 40)
  writeFileSync(
    `${directory}/Dockerfile`,
    `FROM box
ARG JAR_FILE=build/libs/*.jar
WORKDIR /app
COPY settings.txt .
COPY \${JAR_FILE} app.jar
EXPOSE 8080
ENTRYPOINT ["cat", "app.jar"]
`,
  )
  const change = (round: number): void => writeFileSync(`${directory}/settings.txt`, `round ${round}\n`)
  change(-1000)
  return { directory, change }
}

/** In pieces: every command is a copy of the benchmark's process, which takes 1 ms more for each 40 MB that it holds. */
function writeJar(path: string, megabytes: number): void {
  rmSync(path, { force: true })
  const piece = Buffer.alloc(3 << 20, 'jar')
  for (let left = megabytes << 20; left > 0; left -= piece.length) appendFileSync(path, piece.subarray(0, left))
}

/** Four stages, three of which run at the same time, each with a cache mount. */
export function stages(home: string): Context {
  const directory = `${home}/stages`
  mkdirSync(`${directory}/src`, { recursive: true })
  const stage = (name: string): string => `FROM box AS ${name}
WORKDIR /src
COPY src/${name}.txt .
RUN --mount=type=cache,target=/cache sleep 0.5; cp ${name}.txt /cache/ && cat /cache/${name}.txt >/out
`
  const names = ['one', 'two', 'three']
  for (const name of names) writeFileSync(`${directory}/src/${name}.txt`, `${name}\n`)
  writeFileSync(
    `${directory}/Dockerfile`,
    `${names.map(stage).join('')}FROM box\n${names.map((name) => `COPY --from=${name} /out /${name}\n`).join('')}`,
  )
  return { directory, change: (round) => writeFileSync(`${directory}/src/two.txt`, `round ${round}\n`) }
}

/** 20,000 small files, all copied. */
export function manyFiles(home: string): Context {
  const directory = `${home}/many`
  for (let parent = 0; parent < 200; parent++) {
    mkdirSync(`${directory}/tree/${parent}`, { recursive: true })
    for (let file = 0; file < 100; file++)
      writeFileSync(`${directory}/tree/${parent}/${file}.js`, `export const id = '${parent}/${file}'\n`.repeat(20))
  }
  writeFileSync(`${directory}/Dockerfile`, 'FROM box\nCOPY tree /tree\nCMD ["true"]\n')
  return { directory, change: (round) => writeFileSync(`${directory}/tree/7/7.js`, `round ${round}\n`) }
}
