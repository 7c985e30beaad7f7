-- Jobs in progress that remove a user from everything that is kept. by is the API key that
-- asked, after the id of the last dialog that was searched.
CREATE TABLE erasure (
  user       TEXT    NOT NULL PRIMARY KEY,
  by         TEXT    NOT NULL,
  started_at INTEGER NOT NULL,
  dialogs    INTEGER NOT NULL,
  after      BLOB    NOT NULL
) STRICT, WITHOUT ROWID;

-- When the sessions of an erased user ended, by the SHA-256 of the user's id in hex, until
-- none of them can be valid.
CREATE TABLE erased_user (
  hash           TEXT    NOT NULL PRIMARY KEY,
  sessions_ended INTEGER NOT NULL,
  until          INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX erased_user_until ON erased_user (until);
