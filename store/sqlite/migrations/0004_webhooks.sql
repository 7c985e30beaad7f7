-- Webhooks, how far their deliveries have come, and which instance delivers until
-- when. definition and progress are JSON.
CREATE TABLE webhook (
  id         BLOB    NOT NULL PRIMARY KEY,
  created_at INTEGER NOT NULL,
  revision   INTEGER NOT NULL,
  definition TEXT    NOT NULL,
  progress   TEXT    NOT NULL DEFAULT '{}',
  holder     TEXT    NOT NULL DEFAULT '',
  held_until INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
