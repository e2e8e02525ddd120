#!/usr/bin/env bash
# What `npm pack` runs: the sources as plain JavaScript, by Galley's own Node.
set -euo pipefail
cd "$(dirname "$0")/.."
arch=x64; [ "$(uname -m)" = x86_64 ] || arch=arm64
exec "node_modules/node-linux-$arch/bin/node" --disable-warning=ExperimentalWarning packaging/prepack.ts
