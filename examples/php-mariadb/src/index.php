<?php
declare(strict_types=1);

$password = trim(file_get_contents('/run/secrets/db-password'));
$db = new PDO('mysql:host=db;dbname=guestbook;charset=utf8mb4', 'guestbook', $password);

if ($_SERVER['REQUEST_METHOD'] === 'POST') {
    $insert = $db->prepare('INSERT INTO entry (name, words) VALUES (?, ?)');
    $insert->execute([$_POST['name'] ?? 'somebody', $_POST['words'] ?? '']);
    header('Location: /', true, 303);
    exit;
}
$entries = $db->query('SELECT name, words FROM entry ORDER BY id DESC')->fetchAll(PDO::FETCH_ASSOC);
?>
<!doctype html>
<meta charset="utf-8">
<title>Guest book</title>
<h1>Guest book</h1>
<form method="post">
  <input name="name" placeholder="Your name" required>
  <input name="words" placeholder="A few words" required>
  <button>Write</button>
</form>
<?php foreach ($entries as $entry): ?>
<p><b><?= htmlspecialchars($entry['name']) ?></b>: <?= htmlspecialchars($entry['words']) ?></p>
<?php endforeach ?>
