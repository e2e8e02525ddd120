groupadd --gid 999 mysql
useradd --uid 999 --gid mysql --home-dir /var/lib/mysql --no-create-home --shell /bin/bash mysql
mkdir -p /docker-entrypoint-initdb.d /etc/mysql/conf.d
install -d -o mysql -g mysql -m 1777 /var/lib/mysql /run/mysqld
install -d -o mysql -g mysql -m 750 /var/lib/mysql-files
chmod 755 /usr/local/bin/docker-entrypoint.sh
ln -s usr/local/bin/docker-entrypoint.sh /entrypoint.sh
