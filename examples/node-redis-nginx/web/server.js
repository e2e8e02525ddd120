import { createServer } from 'node:http'
import { createClient } from 'redis'

const title = 'What shall we eat?'
const dishes = ['bibimbap', 'kimbap', 'japchae']

const redis = createClient({ url: process.env.REDIS_URL })
redis.on('error', (error) => console.error(error.message))
await redis.connect()

async function votes() {
  const counts = await Promise.all(dishes.map((dish) => redis.hGet('votes', dish)))
  return Object.fromEntries(dishes.map((dish, index) => [dish, Number(counts[index] ?? 0)]))
}

function page(counts) {
  const rows = dishes.map((dish) => `<li><button name="dish" value="${dish}">${dish}</button> ${counts[dish]}</li>`)
  return `<!doctype html><meta charset="utf-8"><title>${title}</title><h1>${title}</h1>
<form method="post" action="/votes"><ul>${rows.join('')}</ul></form>`
}

async function vote(request, response) {
  let body = ''
  for await (const part of request) body += part
  const dish = new URLSearchParams(body).get('dish')
  if (!dishes.includes(dish)) return response.writeHead(400).end('no such dish\n')
  await redis.hIncrBy('votes', dish, 1)
  response.writeHead(303, { location: '/' }).end()
}

async function answer(request, response) {
  const route = `${request.method} ${request.url}`
  if (route === 'GET /') response.setHeader('content-type', 'text/html').end(page(await votes()))
  else if (route === 'GET /votes') response.setHeader('content-type', 'application/json').end(JSON.stringify(await votes()))
  else if (route === 'POST /votes') await vote(request, response)
  else response.writeHead(404).end('not found\n')
}

const server = createServer((request, response) => {
  answer(request, response).catch((error) => {
    console.error(error)
    response.writeHead(500).end()
  })
})
server.listen(3000, () => console.log('listening on port 3000'))

// Whoever looked up this container's address a moment ago is still answered; then it ends.
process.on('SIGTERM', () => setTimeout(() => server.close(() => process.exit()), 2000))
