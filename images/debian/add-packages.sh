#!/bin/sh
# Installs packages on top of a root file system that stays as it is; what changes is left in WORK/upper, in overlayfs's form.
# Runs in mount and process namespaces of its own.
#   add-packages.sh WORK LOWER PACKAGE...
# WORK holds sources.list and apt.conf, for the making alone, and may hold files/ (copied in) and setup.sh (run inside, last).
# Progress goes to standard output as apt's status lines; WORK/versions gets the version of each package.
set -eu
work=$1 lower=$2
shift 2
root=$work/merged
mkdir -p "$work/upper" "$work/overlay" "$root" "$work/lists/partial" "$work/debs/partial"
mount -t overlay overlay -o "lowerdir=$lower,upperdir=$work/upper,workdir=$work/overlay" "$root"
mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=755 dev "$root/dev"
for device in null zero full random urandom tty; do
  touch "$root/dev/$device"
  mount --bind "/dev/$device" "$root/dev/$device"
done
ln -s /proc/self/fd "$root/dev/fd"
mount --bind "$work/debs" "$root/var/cache/apt/archives"

cat >>"$work/apt.conf" <<CONF
Dir "$root";
Dir::Etc::sourcelist "$work/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::State::lists "$work/lists";
Dir::State::status "$root/var/lib/dpkg/status";
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
DPkg::Chroot-Directory "$root";
APT::Install-Recommends "false";
APT::Update::Error-Mode "any";
APT::Sandbox::User "root";
APT::Keep-Downloaded-Packages "true";
CONF
export APT_CONFIG="$work/apt.conf" DEBIAN_FRONTEND=noninteractive DEBCONF_NONINTERACTIVE_SEEN=true

apt-get -qq update >&2
apt-get -qq -y -o APT::Status-Fd=3 install "$@" 3>&1 >"$work/log" 2>&1 || { tail -n 20 "$work/log" >&2; exit 100; }
[ ! -d "$work/files" ] || cp -R --preserve=mode "$work/files/." "$root/"
if [ -e "$work/setup.sh" ]; then
  chroot "$root" /bin/sh -eu -s <"$work/setup.sh" >"$work/log" 2>&1 || { tail -n 20 "$work/log" >&2; exit 101; }
fi
# shellcheck disable=SC2016 # dpkg-query's own variables
chroot "$root" dpkg-query -W -f '${Package} ${Version}\n' "$@" >"$work/versions"

rm -rf "$root"/var/log/apt/* "$root"/var/log/*.log "$root"/var/cache/debconf/*-old "$root"/var/lib/dpkg/*-old "$root/var/cache/ldconfig/aux-cache"
umount "$root/var/cache/apt/archives"
umount -R "$root/dev" "$root/proc"
umount "$root"
# Whatever was written now counts as written today: the same packages on the same day make the same layer.
find "$work/upper" -newermt "@$SOURCE_DATE_EPOCH" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
