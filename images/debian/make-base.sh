#!/bin/sh
# Makes a minimal Debian root file system as a gzip'd tar. Runs in mount and process namespaces of its own.
#   make-base.sh SUITE WORK ARCHIVE
# WORK holds sources.list and apt.conf, for the making alone; ARCHIVE is where the
# image's own apt finds packages; WORK/layer.tar.gz and WORK/versions are written.
set -eu
suite=$1 work=$2 archive=$3 here=$(dirname "$0")

printf 'force-unsafe-io\n' | cat "$here/slim.dpkg" - >"$work/dpkg.cfg"
printf 'Dir::Cache::pkgcache "";\nDir::Cache::srcpkgcache "";\n' >>"$work/apt.conf"
# In bookworm, packages ask for one of two that see to a merged /usr, and the first would bring all of Perl along.
merged=
[ "$suite" != bookworm ] || merged='--include=usr-is-merged --hook-dir=/usr/share/mmdebstrap/hooks/merged-usr'
export TMPDIR="$work"
# shellcheck disable=SC2086 # two words or none
mmdebstrap --mode=root --variant=minbase --format=tar \
  $merged --include=debian-archive-keyring,tzdata \
  --aptopt="$work/apt.conf" --dpkgopt="$work/dpkg.cfg" \
  --customize-hook="sh '$here/finish-base.sh' '$suite' \"\$1\" '$archive'" \
  "$suite" "$work/layer.tar" "$work/sources.list" 2>&1
gzip -1 -n "$work/layer.tar"
