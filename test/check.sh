#!/usr/bin/env bash
# `npm run check`: types, lint, formatting, dead code and the project's own rules.
set -euo pipefail
cd "$(dirname "$0")/.."
arch=x64; [ "$(uname -m)" = x86_64 ] || arch=arm64
PATH=$PWD/node_modules/node-linux-$arch/bin:$PATH
node node_modules/typescript/bin/tsc --noEmit
node node_modules/oxlint/bin/oxlint --config .oxlintrc.json --deny-warnings --report-unused-disable-directives src test packaging bench
node node_modules/oxfmt/bin/oxfmt --check src test packaging bench
node node_modules/knip/bin/knip.js --no-progress --treat-config-hints-as-errors
node --disable-warning=ExperimentalWarning --test test/rules.ts
echo 'check: types, lint, formatting, dead code, layers and dangers are in order'
