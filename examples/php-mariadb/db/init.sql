CREATE TABLE entry (
  id INT PRIMARY KEY AUTO_INCREMENT,
  name VARCHAR(100) NOT NULL,
  words TEXT NOT NULL
) CHARACTER SET utf8mb4;

INSERT INTO entry (name, words) VALUES ('The host', 'Welcome!');
