# Scripts for Alpine count on what ash has and dash has not: echo -e, [[ ]], source, substrings, pipefail. An upgrade of dash leaves it:
# Suites before trixie have a diversion of dash's own there, which leaves it too.
if path=$(dpkg-query -S /usr/bin/sh 2>/dev/null | sed -n 's/^dash: //p' | grep .); then
  dpkg-divert --quiet --local --divert /usr/bin/sh.dash --no-rename --add "$path"
fi
cp -d /usr/bin/sh /usr/bin/sh.dash
ln -sf busybox /usr/bin/sh
ln -sf busybox /usr/bin/ash

for applet in $(busybox --list); do
  command -v "$applet" >/dev/null || ln -s /bin/busybox "/usr/local/bin/$applet"
done
echo 'DPkg::Post-Invoke { "/usr/local/sbin/drop-applets"; };' >/etc/apt/apt.conf.d/busybox
