-- The place of each dialog's latest change in the order of commits.
ALTER TABLE dialog ADD COLUMN position INTEGER NOT NULL DEFAULT 0;
UPDATE dialog SET position = n;
CREATE INDEX dialog_position ON dialog (position);

-- When a tombstone may go; 0 for other dialogs.
ALTER TABLE dialog ADD COLUMN forget_at INTEGER NOT NULL DEFAULT 0;
UPDATE dialog SET forget_at = updated_at + 86400000 WHERE deleted = 1;
DROP INDEX dialog_deleted;
CREATE INDEX dialog_forgotten ON dialog (forget_at) WHERE deleted = 1;

-- Who stopped being part of a dialog, and at which position.
CREATE TABLE departed (
  user      TEXT    NOT NULL,
  dialog    INTEGER NOT NULL,
  position  INTEGER NOT NULL,
  forget_at INTEGER NOT NULL,
  PRIMARY KEY (user, dialog)
) STRICT, WITHOUT ROWID;

CREATE INDEX departed_forgotten ON departed (forget_at);

-- epoch changes when positions of before say nothing any more: when the database
-- is restored from a backup. position is the latest one given. Before forgotten,
-- something that a client may need to know is already gone.
CREATE TABLE sync (
  n         INTEGER PRIMARY KEY CHECK (n = 1),
  epoch     BLOB    NOT NULL,
  position  INTEGER NOT NULL,
  forgotten INTEGER NOT NULL
) STRICT;

INSERT INTO sync (n, epoch, position, forgotten)
SELECT 1, randomblob(8), coalesce(max(n), 0), coalesce(max(n), 0) FROM dialog;
