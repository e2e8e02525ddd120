import { expose, ignoring, lines, type Folder, type Proposal } from './proposal.ts'

const entries = ['main.py', 'app.py', 'server.py', 'wsgi.py', 'asgi.py', 'run.py'] as const

interface Start {
  /** The file that told it. */
  readonly by: string
  readonly command: readonly string[]
  readonly port: string | undefined
  /** A package that runs it, when the project doesn't ask for it. */
  readonly needs?: string
}

/** A project whose start can be told: Django's manage.py, an application of FastAPI or Flask, or a script with a usual name. */
export function python(folder: Folder): Proposal | undefined {
  const requirements = folder.read('requirements.txt')
  const project = folder.read('pyproject.toml')
  const start = startOf(folder, `${requirements ?? ''}\n${project ?? ''}`)
  if (start === undefined) return undefined
  const packages = [requirements === undefined ? undefined : '-r requirements.txt', start.needs].filter((one) => one !== undefined)
  const isPackage = requirements === undefined && /^\[(?:project|tool\.poetry)\]/m.test(project ?? '')
  return {
    what: `a Python project (${requirements !== undefined ? 'requirements.txt' : project !== undefined ? 'pyproject.toml' : start.by})`,
    dockerfile: lines(
      'FROM python:3.13-slim',
      '# What is printed is in the logs at once.',
      'ENV PYTHONUNBUFFERED=1',
      'WORKDIR /app',
      requirements === undefined
        ? undefined
        : '# Before the rest, so that packages are only installed again when the list of them changes.',
      requirements === undefined ? undefined : 'COPY requirements.txt ./',
      packages.length === 0 ? undefined : `RUN pip install --no-cache-dir ${packages.join(' ')}`,
      'COPY . .',
      isPackage ? 'RUN pip install --no-cache-dir .' : undefined,
      expose(start.port),
      `CMD ${JSON.stringify(start.command)}`,
    ),
    dockerignore: ignoring('.venv', 'venv', '**/__pycache__', '*.pyc'),
  }
}

function startOf(folder: Folder, asked: string): Start | undefined {
  if (folder.names.includes('manage.py'))
    return {
      by: 'manage.py',
      command: ['python', 'manage.py', 'runserver', '0.0.0.0:8000'],
      port: '8000',
      ...(!/django/i.test(asked) && { needs: 'django' }),
    }
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

/** Bound to all addresses: the container's loopback is reached by nobody outside. */
function fastApi(name: string, variable: string, asked: string): Start {
  return {
    by: name,
    command: ['uvicorn', `${name.replace('.py', '')}:${variable}`, '--host', '0.0.0.0', '--port', '8000'],
    port: '8000',
    ...(!/uvicorn|fastapi\[/i.test(asked) && { needs: 'fastapi uvicorn' }),
  }
}

function flask(name: string, variable: string, asked: string): Start {
  return {
    by: name,
    command: ['flask', '--app', `${name.replace('.py', '')}:${variable}`, 'run', '--host', '0.0.0.0', '--port', '8000'],
    port: '8000',
    ...(!/flask/i.test(asked) && { needs: 'flask' }),
  }
}
