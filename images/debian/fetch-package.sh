#!/bin/sh
# Unpacks one package, without what it depends on, to WORK/package.
#   fetch-package.sh WORK PACKAGE
# WORK holds sources.list and apt.conf.
set -eu
work=$1 package=$2
mkdir -p "$work/lists/partial" "$work/debs/partial"
# Nothing of the host's own state, and none of the programs that it runs after an update.
cat >>"$work/apt.conf" <<CONF
Dir::Etc::main "$work/none";
Dir::Etc::parts "$work/none";
Dir::Etc::sourcelist "$work/sources.list";
Dir::Etc::sourceparts "$work/none";
Dir::Etc::preferences "$work/none";
Dir::Etc::preferencesparts "$work/none";
Dir::State::lists "$work/lists";
Dir::State::status "/dev/null";
Dir::Cache "$work/debs";
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
APT::Update::Error-Mode "any";
APT::Sandbox::User "root";
CONF
export APT_CONFIG="$work/apt.conf"
cd "$work/debs"
apt-get -qq update >&2
apt-get -qq download "$package" >&2
dpkg-deb -x "$package"_*.deb "$work/package"
