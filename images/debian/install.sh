#!/bin/sh
# Installs packages in a step of a catalogue's Dockerfile, and leaves nothing behind but them.
#   RUN --mount=source=debian/install.sh,target=/install sh /install PACKAGE...
# Progress goes to standard output as apt's status lines; why it failed, too.
set -eu
export DEBIAN_FRONTEND=noninteractive DEBCONF_NONINTERACTIVE_SEEN=true
log=$(mktemp)
{
  apt-get -qq -o APT::Update::Error-Mode=any update &&
    apt-get -qq -y --no-install-recommends -o APT::Sandbox::User=root -o APT::Status-Fd=3 install "$@"
} 3>&1 >"$log" 2>&1 || { tail -n 6 "$log"; exit 100; }
rm -rf "$log" /var/lib/apt/lists/* /var/log/apt/* /var/log/*.log /var/cache/debconf/*-old /var/lib/dpkg/*-old /var/cache/ldconfig/aux-cache
