# Debian's own settings are for a machine with services.
rm -f /etc/rabbitmq/rabbitmq-env.conf
mkdir -p /etc/rabbitmq /var/lib/rabbitmq /var/log/rabbitmq
[ -z "$1" ] || printf '[%s].\n' "$1" >/etc/rabbitmq/enabled_plugins
rm -rf /var/lib/rabbitmq/.erlang.cookie /var/lib/rabbitmq/mnesia
chown -R rabbitmq: /etc/rabbitmq /var/lib/rabbitmq /var/log/rabbitmq
chmod 1777 /var/lib/rabbitmq /etc/rabbitmq
