#!/usr/bin/env bash
# `npm run bench`: every benchmark, or those that are named: bash bench/run.sh engine
set -euo pipefail
cd "$(dirname "$0")/.."
./galley --yes --version >/dev/null
missing=()
command -v dockerd >/dev/null || missing+=(docker.io)
command -v mmdebstrap >/dev/null || missing+=(mmdebstrap)
command -v docker-registry >/dev/null || missing+=(docker-registry)
if [ ${#missing[@]} -gt 0 ]; then
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
fi
arch=x64; [ "$(uname -m)" = x86_64 ] || arch=arm64
node=node_modules/node-linux-$arch/bin/node
unset NODE_EXTRA_CA_CERTS
for name in "${@:-engine}"; do
  echo "## $name"
  "$node" --disable-warning=ExperimentalWarning "bench/$name/main.ts"
done
