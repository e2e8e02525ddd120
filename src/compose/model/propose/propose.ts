import { go } from './go.ts'
import { gradle } from './gradle.ts'
import { jar } from './jar.ts'
import { maven } from './maven.ts'
import { node } from './node.ts'
import { php } from './php.ts'
import type { Folder, Proposal, Proposer } from './proposal.ts'
import { python } from './python.ts'
import { staticSite } from './static.ts'

/** What says most about how a program is built comes first: a page beside package.json is the program's. */
const proposers: readonly Proposer[] = [gradle, maven, jar, go, node, php, python, staticSite]

export interface Proposed extends Proposal {
  /** What else the directory could be run as. */
  readonly others: readonly string[]
}

/** How a directory without a Dockerfile can be run; undefined when nothing is recognised that could be. */
export function propose(folder: Folder): Proposed | undefined {
  const [first, ...others] = proposers.flatMap((look) => look(folder) ?? [])
  return first && { ...first, others: others.map(({ what }) => what) }
}

interface Sign {
  readonly file: RegExp
  readonly what: string
  /** What to write, or what is missing. */
  readonly advice: string
}

const own = (image: string): string => `Galley proposes no Dockerfile for it; write one that begins with FROM ${image}.`

/** Files by which a project is known for which there is no proposal, or that lack what one would need. */
const signs: readonly Sign[] = [
  {
    file: /^package\.json$/,
    what: 'a Node.js project',
    advice: 'It says nowhere what is run: add "start" to the scripts of package.json, or "main".',
  },
  {
    file: /^pom\.xml$/,
    what: 'a Maven project',
    advice:
      'It says nowhere what is run: add spring-boot-maven-plugin or <mainClass> to pom.xml; of several modules, go to the one that runs.',
  },
  {
    file: /^build\.gradle(?:\.kts)?$/,
    what: 'a Gradle project',
    advice: 'It says nowhere what is run: add the plugin org.springframework.boot or application to its build file.',
  },
  {
    file: /^go\.mod$/,
    what: 'a Go module',
    advice: 'Its program is not at the top; write a Dockerfile that begins with FROM golang:1.24 and builds ./cmd/NAME.',
  },
  {
    file: /^(?:pyproject\.toml|requirements\.txt|setup\.py|Pipfile)$/,
    what: 'a Python project',
    advice:
      'It has no main.py, app.py, server.py, wsgi.py, asgi.py, run.py or manage.py to start; write a Dockerfile that begins with FROM python:3.13-slim.',
  },
  {
    file: /\.jar$/,
    what: 'several jars',
    advice: 'Which of them is run can not be told; write a Dockerfile that begins with FROM eclipse-temurin:21-jre.',
  },
  { file: /^Gemfile$/, what: 'a Ruby project', advice: own('ruby:3.4') },
  { file: /^Cargo\.toml$/, what: 'a Rust project', advice: own('rust:1') },
  { file: /\.(?:cs|fs|vb)proj$|\.sln$/, what: 'a .NET project', advice: own('mcr.microsoft.com/dotnet/sdk:8.0') },
  { file: /^deno\.jsonc?$/, what: 'a Deno project', advice: own('denoland/deno:2') },
  { file: /^composer\.json$/, what: 'a PHP project', advice: own('php:8.4-apache') },
  { file: /^mix\.exs$/, what: 'an Elixir project', advice: own('elixir:1.18') },
  { file: /^build\.sbt$/, what: 'a Scala project', advice: own('eclipse-temurin:21') },
]

const noJson = 'It is no JSON: a comma, a quote or a bracket is missing, or one too many.'

/** What to say of a directory that gets no proposal; undefined when nothing in it is known. */
export function unproposed({ names, read }: Folder): string | undefined {
  for (const { file, what, advice: usual } of signs) {
    const found = names.find((name) => file.test(name))
    const advice = found === 'package.json' && !isJson(read(found) ?? '') ? noJson : usual
    if (found !== undefined) return `There is ${what} (${found}). ${advice}`
  }
  return undefined
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
