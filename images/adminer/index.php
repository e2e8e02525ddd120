<?php
/* The server that the login form proposes, as the image's variable says it; whatever is asked otherwise is Adminer's own. */
if ($_SERVER['REQUEST_METHOD'] === 'GET' && ($_SERVER['QUERY_STRING'] ?? '') === '') {
    $_GET['server'] = getenv('ADMINER_DEFAULT_SERVER') ?: 'db';
}
require '/usr/share/adminer/adminer.php';
