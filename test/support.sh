#!/usr/bin/env bash
# `npm run support`: runs the tests with a recorder between clients and daemons, then writes docs/support/.
set -euo pipefail
cd "$(dirname "$0")/.."
arch=x64; [ "$(uname -m)" = x86_64 ] || arch=arm64
PATH=$PWD/node_modules/node-linux-$arch/bin:$PATH
record=$(mktemp)
trap 'rm -f "$record"' EXIT
# What clients did counts; a test that looks at the daemon's own sockets may fail behind the recorder.
GALLEY_TEST_RECORD=$record node --disable-warning=ExperimentalWarning --test --test-concurrency=2 'test/**/*.test.ts' || true
node --disable-warning=ExperimentalWarning test/support.ts "$record"
node --disable-warning=ExperimentalWarning test/support-oci.ts "$record"
