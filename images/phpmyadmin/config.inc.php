<?php
/* What the environment of the container says: servers, how people log in, and a place for phpMyAdmin's own tables. */
require '/etc/phpmyadmin/config.secret.inc.php';

$said = static fn (string $name): string => (string) getenv($name);
$listed = static fn (string $name): array => array_filter(array_map('trim', explode(',', $said($name))), 'strlen');

$cfg['TempDir'] = '/var/lib/phpmyadmin/tmp';
$cfg['AllowArbitraryServer'] = $said('PMA_ARBITRARY') === '1';
if ($said('PMA_ABSOLUTE_URI') !== '') {
    $cfg['PmaAbsoluteUri'] = $said('PMA_ABSOLUTE_URI');
}
foreach (['MAX_ROWS' => 'MaxRows', 'MEMORY_LIMIT' => 'MemoryLimit', 'MAX_EXECUTION_TIME' => 'ExecTimeLimit'] as $name => $setting) {
    if ($said($name) !== '') {
        $cfg[$setting] = $name === 'MEMORY_LIMIT' ? $said($name) : (int) $said($name);
    }
}

$hosts = $listed('PMA_HOSTS') ?: [$said('PMA_HOST') ?: ($said('PMA_SOCKET') !== '' || $cfg['AllowArbitraryServer'] ? 'localhost' : 'db')];
$ports = $listed('PMA_PORTS') ?: [$said('PMA_PORT')];
$names = $listed('PMA_VERBOSES') ?: [$said('PMA_VERBOSE')];
foreach (array_values($hosts) as $at => $host) {
    $server = [
        'host' => $host,
        'port' => $ports[$at] ?? '',
        'verbose' => $names[$at] ?? '',
        'compress' => false,
        'AllowNoPassword' => true,
        'auth_type' => 'cookie',
    ];
    if ($said('PMA_SOCKET') !== '') {
        $server['socket'] = $said('PMA_SOCKET');
    }
    if ($said('PMA_SSL') === '1') {
        $server['ssl'] = true;
    }
    // Whoever reaches the page is logged in then.
    if ($said('PMA_USER') !== '') {
        $server = ['auth_type' => 'config', 'user' => $said('PMA_USER'), 'password' => $said('PMA_PASSWORD')] + $server;
    }
    if ($said('PMA_CONTROLUSER') !== '') {
        $server['controluser'] = $said('PMA_CONTROLUSER');
        $server['controlpass'] = $said('PMA_CONTROLPASS');
        $server['controlhost'] = $said('PMA_CONTROLHOST') ?: $host;
        $server['pmadb'] = $said('PMA_PMADB') ?: 'phpmyadmin';
    }
    $cfg['Servers'][$at + 1] = $server;
}

// Settings that others mount, as into the original.
foreach (array_merge(glob('/etc/phpmyadmin/conf.d/*.php'), glob('/etc/phpmyadmin/config.user.inc.php')) as $file) {
    include $file;
}
