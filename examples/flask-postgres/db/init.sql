CREATE TABLE note (
  id integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  text text NOT NULL CHECK (text <> '')
);

INSERT INTO note (text) VALUES ('Buy rice');
