# Directories, the language, and a server that other containers reach.
major=$1
aliases=
[ ! -e /usr/share/locale/locale.alias ] || aliases='-A /usr/share/locale/locale.alias'
# shellcheck disable=SC2086 # an option and its value, or nothing
localedef -i en_US -c -f UTF-8 $aliases en_US.UTF-8
sample=/usr/share/postgresql/$major/postgresql.conf.sample
[ -e "$sample" ] || sample=/usr/share/postgresql/postgresql.conf.sample
sed -i "s/^#\?listen_addresses = 'localhost'/listen_addresses = '*'/" "$sample"
grep -q "^listen_addresses = '\*'" "$sample"
mkdir -p /docker-entrypoint-initdb.d
# Under any user that a container is run as.
install -d -o postgres -g postgres -m 3777 /var/run/postgresql
if [ "$major" -ge 18 ]; then
  install -d -o postgres -g postgres -m 1777 /var/lib/postgresql
else
  install -d -o postgres -g postgres -m 1777 /var/lib/postgresql/data
fi
