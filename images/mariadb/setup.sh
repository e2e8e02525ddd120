getent group mysql >/dev/null || groupadd --gid 999 mysql
id mysql >/dev/null 2>&1 || useradd --uid 999 --gid mysql --home-dir /var/lib/mysql --no-create-home --shell /bin/bash mysql
mkdir -p /docker-entrypoint-initdb.d /etc/mysql/conf.d
install -d -o mysql -g mysql -m 1777 /var/lib/mysql /run/mysqld
chmod 755 /usr/local/bin/docker-entrypoint.sh /usr/local/bin/healthcheck.sh
