#!/bin/sh
# What a base layer says of itself: nothing of the machine that made it, and the settings that Dockerfiles count on.
#   finish-base.sh SUITE ROOT ARCHIVE
set -eu
suite=$1 root=$2 public=$3 here=$(dirname "$0")

rm -f "$root/etc/apt/apt.conf.d/99mmdebstrap" "$root/etc/dpkg/dpkg.cfg.d/99mmdebstrap" "$root/etc/apt/sources.list" "$root"/etc/apt/sources.list.d/*
cp "$here/slim.dpkg" "$root/etc/dpkg/dpkg.cfg.d/docker"
echo force-unsafe-io >"$root/etc/dpkg/dpkg.cfg.d/docker-apt-speedup"

# Dockerfiles that mount a cache over /var/cache/apt delete this file by its name.
cat >"$root/etc/apt/apt.conf.d/docker-clean" <<'CONF'
APT::Keep-Downloaded-Packages "false";
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
CONF
cat >"$root/etc/apt/apt.conf.d/docker-indexes" <<'CONF'
Acquire::GzipIndexes "true";
Acquire::Languages "none";
Apt::AutoRemove::SuggestsImportant "false";
CONF

# Some packages' alternatives fail where these directories are missing.
for section in 1 2 3 4 5 6 7 8 9; do mkdir -p "$root/usr/share/man/man$section"; done

# No init system runs in a container that could start a service.
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
chmod 755 "$root/usr/sbin/policy-rc.d"

keyring=/usr/share/keyrings/debian-archive-keyring.gpg
[ -e "$root$keyring" ] || keyring=/usr/share/keyrings/debian-archive-keyring.pgp
archive() {
  printf 'Types: deb\nURIs: %s\nSuites: %s\nComponents: main\nSigned-By: %s\n' "$1" "$2" "$keyring"
}
{
  if [ "$suite" = sid ]; then
    archive "$public" sid
  else
    archive "$public" "$suite $suite-updates"
    echo
    archive "$public-security" "$suite-security"
  fi
} >"$root/etc/apt/sources.list.d/debian.sources"

rm -rf "$root"/var/cache/apt/*.bin "$root"/var/log/apt/* "$root"/var/log/*.log "$root"/var/cache/debconf/*-old "$root"/var/lib/dpkg/*-old "$root/var/cache/ldconfig/aux-cache"
