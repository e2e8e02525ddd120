import { connects, healthCheck, serves } from './health-check.ts'
import { beforeTheRest, expose, ignoring, lines, ownUser, type Folder, type Proposal } from './proposal.ts'

const entries = ['main.py', 'app.py', 'server.py', 'wsgi.py', 'asgi.py', 'run.py'] as const

interface Start {
  /** The file that told it. */
  readonly by: string
  readonly command: readonly string[]
  readonly port: string | undefined
  /** It is a web server. */
  readonly serves?: true
  /** A package that runs it, when the project doesn't ask for it. */
  readonly needs?: string
}

/** A project whose start can be told: Django's manage.py, an application of FastAPI or Flask, or a script with a usual name. */
export function python(folder: Folder): Proposal | undefined {
  const requirements = folder.read('requirements.txt')
  const project = folder.read('pyproject.toml')
  const start = startOf(folder, `${requirements ?? ''}\n${project ?? ''}`)
  if (start === undefined) return undefined
  const listed = requirements === undefined ? listedIn(project ?? '') : undefined
  const packages = [requirements === undefined ? undefined : '-r requirements.txt', start.needs].filter((one) => one !== undefined)
  return {
    what: `a Python project (${requirements !== undefined ? 'requirements.txt' : project !== undefined ? 'pyproject.toml' : start.by})`,
    dockerfile: lines(
      'FROM python:3.13-slim',
      '# What is printed is in the logs at once.',
      'ENV PYTHONUNBUFFERED=1',
      'WORKDIR /app',
      requirements === undefined && listed !== 'apart' ? undefined : beforeTheRest,
      requirements === undefined ? undefined : 'COPY requirements.txt ./',
      ...(listed === 'apart' ? ['COPY pyproject.toml ./', installListed] : []),
      packages.length === 0 ? undefined : `RUN pip install --no-cache-dir ${packages.join(' ')}`,
      ...ownUser,
      'COPY --chown=app:app . .',
      listed === 'package' ? 'RUN pip install --no-cache-dir .' : undefined,
      'USER app',
      expose(start.port),
      healthCheck(start.port, start.serves === true ? serves.python : connects.python),
      `CMD ${JSON.stringify(start.command)}`,
    ),
    dockerignore: ignoring('.venv', 'venv', '**/__pycache__', '*.pyc'),
  }
}

/** pyproject.toml is read by Python itself: an application that isn't to be packaged needs no build system. */
const installListed = `RUN python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["project"].get("dependencies", []), sep="\\n")' > /tmp/packages && pip install --no-cache-dir -r /tmp/packages`

/** How what a pyproject.toml asks for gets there: an application's list before its files, a package with them. */
function listedIn(project: string): 'apart' | 'package' | undefined {
  if (/^\[(?:build-system|tool\.poetry)\]/m.test(project)) return 'package'
  return /^\[project\]/m.test(project) ? 'apart' : undefined
}

function startOf(folder: Folder, asked: string): Start | undefined {
  if (folder.names.includes('manage.py')) return django(folder.read('manage.py') ?? '', asked)
  const scripts = entries.flatMap((name) => {
    const text = folder.read(name)
    return text === undefined ? [] : [{ name, text }]
  })
  for (const { name, text } of scripts) {
    const [, variable, framework] = /^(\w+)\s*(?::\s*\w+\s*)?=\s*(?:\w+\.)?(FastAPI|Flask)\(/m.exec(text) ?? []
    if (variable !== undefined) return framework === 'Flask' ? flask(name, variable, asked) : fastApi(name, variable, asked)
  }
  const [first] = scripts
  return (
    first && {
      by: first.name,
      command: ['python', first.name],
      port: /\bport\s*=\s*(\d{2,5})|\(\s*['"][\d.]*['"]\s*,\s*(\d{2,5})\s*\)/i.exec(first.text)?.slice(1).find(Boolean),
    }
  )
}

/** By the server that the project asks for; Django's own is for development. */
function django(manage: string, asked: string): Start {
  const settings = /DJANGO_SETTINGS_MODULE['"]\s*,\s*['"]([\w.]+)\.settings\b/.exec(manage)?.[1]
  return {
    by: 'manage.py',
    command:
      settings !== undefined && gunicorn.test(asked)
        ? ['gunicorn', '--bind', '0.0.0.0:8000', `${settings}.wsgi`]
        : ['python', 'manage.py', 'runserver', '0.0.0.0:8000'],
    port: '8000',
    serves: true,
    ...(!/django/i.test(asked) && { needs: 'django' }),
  }
}

const gunicorn = /^\s*['"]?gunicorn\b/im

/** Bound to all addresses: the container's loopback is reached by nobody outside. */
function fastApi(name: string, variable: string, asked: string): Start {
  return {
    by: name,
    command: ['uvicorn', `${name.replace('.py', '')}:${variable}`, '--host', '0.0.0.0', '--port', '8000'],
    port: '8000',
    serves: true,
    ...(!/uvicorn|fastapi\[/i.test(asked) && { needs: 'fastapi uvicorn' }),
  }
}

function flask(name: string, variable: string, asked: string): Start {
  return {
    by: name,
    command: gunicorn.test(asked)
      ? ['gunicorn', '--bind', '0.0.0.0:8000', `${name.replace('.py', '')}:${variable}`]
      : ['flask', '--app', `${name.replace('.py', '')}:${variable}`, 'run', '--host', '0.0.0.0', '--port', '8000'],
    port: '8000',
    serves: true,
    ...(!/flask/i.test(asked) && { needs: 'flask' }),
  }
}
