#!/usr/bin/env bash
# `npm test`: brings what the tests need, then all checks and all tests.
set -euo pipefail
cd "$(dirname "$0")/.."
./galley --yes --version
missing=()
command -v docker >/dev/null || missing+=(docker.io)
command -v script >/dev/null || missing+=(bsdutils)
[ -x /sbin/ip ] || [ -x /usr/sbin/ip ] || [ -x /bin/ip ] || missing+=(iproute2)
command -v docker-compose >/dev/null || missing+=(docker-compose)
command -v openssl >/dev/null || missing+=(openssl)
command -v getfattr >/dev/null || missing+=(attr)
command -v docker-registry >/dev/null || missing+=(docker-registry)
command -v skopeo >/dev/null || missing+=(skopeo)
command -v buildah >/dev/null || missing+=(buildah)
command -v podman >/dev/null || missing+=(podman)
[ -x /usr/sbin/runc ] || missing+=(runc)
[ -x /usr/bin/tini-static ] || missing+=(tini)
command -v ps >/dev/null || missing+=(procps)
command -v rpm >/dev/null || missing+=(rpm)
[ -x /usr/sbin/sshd ] || missing+=(openssh-server)
command -v zsh >/dev/null || missing+=(zsh)
command -v fish >/dev/null || missing+=(fish)
if [ ${#missing[@]} -gt 0 ]; then
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
fi
arch=x64; [ "$(uname -m)" = x86_64 ] || arch=arm64
PATH=$PWD/node_modules/node-linux-$arch/bin:$PATH
# Debian 12's own docker command (20.10) lacks options that the tests use.
if [ "$(docker --version | sed 's/[^0-9]*\([0-9]*\).*/\1/')" -lt 28 ]; then
  newer=$(node --disable-warning=ExperimentalWarning test/newer-docker.ts)
  if [ -n "$newer" ]; then PATH=$newer:$PATH; else echo "no docker command of 28 or newer can be reached: tests that use its options fail" >&2; fi
fi
# Only what a test brings from the npm registry needs the machine's own authorities (test/package.test.ts).
export GALLEY_TEST_NPM_CA=${NODE_EXTRA_CA_CERTS:-}
unset NODE_EXTRA_CA_CERTS
bash test/check.sh
exec node --disable-warning=ExperimentalWarning --test --test-concurrency=2 --test-timeout=600000 'src/**/*.test.ts' 'test/**/*.test.ts'
