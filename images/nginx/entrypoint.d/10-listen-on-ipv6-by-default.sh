#!/bin/sh
# Lets the default server listen on IPv6 too, unless somebody changed it or the container has none.
set -e
file=/etc/nginx/conf.d/default.conf
[ -f /proc/net/if_inet6 ] && [ -w "$file" ] || exit 0
grep -q '^    listen 80;$' "$file" && ! grep -q 'listen *\[::\]:80' "$file" || exit 0
sed -i 's/^    listen 80;$/    listen 80;\n    listen [::]:80;/' "$file" || echo "$0: $file can't be changed, so that it stays with IPv4" >&2
