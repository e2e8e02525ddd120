/** `galley env`: for `eval $(galley env)`. */
export async function env(): Promise<number> {
  process.stdout.write(`export DOCKER_HOST=unix://${process.env['GALLEY_SOCKET'] ?? '/run/galley/docker.sock'}\n`)
  return 0
}
