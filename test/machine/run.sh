#!/usr/bin/env bash
# `npm run test:debian`: test files in an emulated Debian 12 (test/machine/main.ts); brings the emulator.
set -euo pipefail
cd "$(dirname "$0")/../.."
./galley --yes --version
case " $* " in *" arm64 "*) emulator=qemu-system-arm ;; *" amd64 "*) emulator=qemu-system-x86 ;; *) emulator=qemu-system-$(uname -m | sed 's/_64//;s/aarch64/arm/') ;; esac
missing=()
case $emulator in *"$(uname -m | sed 's/_64//;s/aarch64/arm/')") ;; *) dpkg -s qemu-user-static >/dev/null 2>&1 || missing+=(qemu-user-static) ;; esac
dpkg -s "$emulator" >/dev/null 2>&1 || missing+=("$emulator")
command -v mmdebstrap >/dev/null || missing+=(mmdebstrap)
command -v ssh >/dev/null || missing+=(openssh-client)
command -v mkfs.ext4 >/dev/null || missing+=(e2fsprogs)
if [ ${#missing[@]} -gt 0 ]; then
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
fi
arch=x64; [ "$(uname -m)" = x86_64 ] || arch=arm64
# Only what a foreign machine brings from the npm registry needs the machine's own authorities.
export GALLEY_TEST_NPM_CA=${NODE_EXTRA_CA_CERTS:-}
unset NODE_EXTRA_CA_CERTS
exec "node_modules/node-linux-$arch/bin/node" --disable-warning=ExperimentalWarning test/machine/main.ts "$@"
