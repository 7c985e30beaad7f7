PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE dialog (
  n          INTEGER PRIMARY KEY,
  id         BLOB    NOT NULL,
  type       INTEGER NOT NULL,
  deleted    INTEGER NOT NULL,
  version    INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  owner      TEXT    NOT NULL,
  folded     TEXT    NOT NULL, -- the name as lists compare it
  name       TEXT    NOT NULL,
  custom     TEXT    NOT NULL, -- {class: {field: value}}
  photo      TEXT    NOT NULL,
  admins     TEXT    NOT NULL, -- [user, ...]; occupants likewise
  occupants  TEXT    NOT NULL
, position INTEGER NOT NULL DEFAULT 0, forget_at INTEGER NOT NULL DEFAULT 0, custom_version INTEGER NOT NULL DEFAULT 0) STRICT;
INSERT INTO dialog VALUES(1,X'6b096f392b5256ef3b26bd48',2,0,6,1795780409020,1795780409039,'bob','2 15.0.0:team','Team','{"Order":{"due":"2026-01-02T03:04:05.678Z","number":4711,"paid":true,"place":[13.4,52.5],"total":12.5}}','','["carol","alice"]','["alice","bob","carol","erin","frank"]',6,0,2);
INSERT INTO dialog VALUES(7,X'6b096f39a006faf86a185e33',3,0,2,1795780409047,1795780409051,'alice','','','{"Order":{"number":1}}','','','["alice","bob"]',8,0,2);
INSERT INTO dialog VALUES(9,X'6b096f39264baaac44c2653a',1,0,1,1795780409054,1795780409054,'alice','2 15.0.0:square','Square','{}','','["bob"]','',9,0,0);
INSERT INTO dialog VALUES(10,X'6b096f393182b311da519e71',2,1,2,1795780409059,1795780409063,'bob','2 15.0.0:gone','gone','{}','','','["bob","alice"]',11,1796385209063,0);
CREATE TABLE member (
  user   TEXT    NOT NULL,
  dialog INTEGER NOT NULL,
  roles  INTEGER NOT NULL,
  PRIMARY KEY (user, dialog)
) STRICT, WITHOUT ROWID;
INSERT INTO member VALUES('alice',1,6);
INSERT INTO member VALUES('alice',7,5);
INSERT INTO member VALUES('alice',9,1);
INSERT INTO member VALUES('bob',1,5);
INSERT INTO member VALUES('bob',7,4);
INSERT INTO member VALUES('bob',9,2);
INSERT INTO member VALUES('carol',1,6);
INSERT INTO member VALUES('erin',1,4);
INSERT INTO member VALUES('frank',1,4);
CREATE TABLE change (
  dialog     INTEGER NOT NULL,
  version    INTEGER NOT NULL,
  kind       INTEGER NOT NULL,
  at         INTEGER NOT NULL,
  user       TEXT    NOT NULL,
  api_key    TEXT    NOT NULL,
  key        TEXT    NOT NULL,
  input_hash TEXT    NOT NULL,
  detail     TEXT    NOT NULL,
  PRIMARY KEY (dialog, version)
) STRICT, WITHOUT ROWID;
INSERT INTO change VALUES(1,1,1,1795780409020,'alice','backend','team','86a72977ebe81d5cdf542b5af4c31bb6a9fea785b3f22b231effa7969e619e1f','{"joined":["alice","bob","carol","dave"],"newAdmins":["carol"]}');
INSERT INTO change VALUES(1,2,2,1795780409027,'bob','backend','rename','a38ad398fe1bc3608ad635bdfc1646c0d4d8d2c13e6bdae9d65d4ce74d624cec','{"changed":[1,6],"name":"Team"}');
INSERT INTO change VALUES(1,3,2,1795780409031,'bob','backend','','','{"changed":[3],"joined":["erin","frank"]}');
INSERT INTO change VALUES(1,4,2,1795780409035,'dave','backend','','','{"changed":[3],"left":["dave"]}');
INSERT INTO change VALUES(1,5,2,1795780409036,'alice','backend','','','{"changed":[5],"newOwner":"bob","oldOwner":"alice"}');
INSERT INTO change VALUES(1,6,2,1795780409039,'','backend','','','{"changed":[2,4],"newAdmins":["alice"]}');
INSERT INTO change VALUES(7,1,1,1795780409047,'alice','backend','','','{"joined":["alice","bob"]}');
INSERT INTO change VALUES(7,2,2,1795780409051,'bob','backend','','','{"changed":[6]}');
INSERT INTO change VALUES(9,1,1,1795780409054,'alice','backend','','','{"newAdmins":["bob"]}');
INSERT INTO change VALUES(10,1,1,1795780409059,'bob','backend','','','{"joined":["bob","alice"]}');
INSERT INTO change VALUES(10,2,3,1795780409063,'bob','backend','','','{}');
CREATE TABLE pair (
  a      TEXT    NOT NULL,
  b      TEXT    NOT NULL,
  dialog INTEGER NOT NULL,
  PRIMARY KEY (a, b)
) STRICT, WITHOUT ROWID;
INSERT INTO pair VALUES('alice','bob',7);
CREATE TABLE creation (
  by_server  INTEGER NOT NULL,
  actor      TEXT    NOT NULL,
  key        TEXT    NOT NULL,
  input_hash TEXT    NOT NULL,
  id         BLOB    NOT NULL,
  at         INTEGER NOT NULL,
  PRIMARY KEY (by_server, actor, key)
) STRICT, WITHOUT ROWID;
INSERT INTO creation VALUES(0,'alice','team','86a72977ebe81d5cdf542b5af4c31bb6a9fea785b3f22b231effa7969e619e1f',X'6b096f392b5256ef3b26bd48',1795780409020);
CREATE TABLE class (
  name     TEXT    NOT NULL PRIMARY KEY,
  revision INTEGER NOT NULL,
  fields   TEXT    NOT NULL -- [{name, type, list}, ...]
) STRICT, WITHOUT ROWID;
INSERT INTO class VALUES('Order',1,'[{"name":"number","type":2},{"name":"paid","type":1},{"name":"total","type":3},{"name":"due","type":5},{"name":"place","type":6},{"name":"tags","type":4,"list":true}]');
CREATE TABLE api_key (
  name       TEXT    NOT NULL PRIMARY KEY,
  hash       BLOB    NOT NULL,
  created_at INTEGER NOT NULL
, expires_at INTEGER NOT NULL DEFAULT 0, note       TEXT    NOT NULL DEFAULT '', scopes     INTEGER NOT NULL DEFAULT 0, used_on    INTEGER NOT NULL DEFAULT 0) STRICT, WITHOUT ROWID;
INSERT INTO api_key VALUES('backend',X'9cf4f586d907c74d69f30cae794c31cd0fc8d1d52fdfc291c68fe3c820350d7d',1795780408979,0,'',0,1795737600000);
CREATE TABLE probe (
  n  INTEGER PRIMARY KEY CHECK (n = 1),
  at INTEGER NOT NULL
) STRICT;
INSERT INTO probe VALUES(1,1795780419032);
CREATE TABLE ended_session (
  id    TEXT    NOT NULL PRIMARY KEY,
  until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE departed (
  user      TEXT    NOT NULL,
  dialog    INTEGER NOT NULL,
  position  INTEGER NOT NULL,
  forget_at INTEGER NOT NULL,
  PRIMARY KEY (user, dialog)
) STRICT, WITHOUT ROWID;
INSERT INTO departed VALUES('alice',10,11,1796385209063);
INSERT INTO departed VALUES('bob',10,11,1796385209063);
INSERT INTO departed VALUES('dave',1,4,1796385209035);
CREATE TABLE sync (
  n         INTEGER PRIMARY KEY CHECK (n = 1),
  epoch     BLOB    NOT NULL,
  position  INTEGER NOT NULL,
  forgotten INTEGER NOT NULL
) STRICT;
INSERT INTO sync VALUES(1,X'6910c5448bbe529e',11,0);
CREATE TABLE webhook (
  id         BLOB    NOT NULL PRIMARY KEY,
  created_at INTEGER NOT NULL,
  revision   INTEGER NOT NULL,
  definition TEXT    NOT NULL,
  progress   TEXT    NOT NULL DEFAULT '{}',
  holder     TEXT    NOT NULL DEFAULT '',
  held_until INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
INSERT INTO webhook VALUES(X'6b096f398c646b20c0738b60',1795780409064,2,'{"id":"6b096f398c646b20c0738b60","url":"https://example.com/hook","status":2,"filter":{"kinds":[3]},"with_dialog":true,"secrets":[{"sealed":"HiD1al7UyLkGN24s6EzPfsvm7tK7ZoIoaglGlDUtKnFE3HkHNghYTFSYVgqO2UpqHiv4GN1NCmucjJoc"}],"created_at":"2026-11-27T11:53:29.064Z","resumed_at":"2026-11-27T11:53:29.064Z","revision":2}','{"mark":"6910c5448bbe529e:11","at":"2026-11-27T11:53:29.065Z","sent":[{"i":"6b096f392b5256ef3b26bd48","v":6},{"i":"6b096f39a006faf86a185e33","v":2},{"i":"6b096f39264baaac44c2653a","v":1}]}','EPYUTOR5XRYPUCBWIR76ATLMGT',1795780409070);
PRAGMA writable_schema=ON;
INSERT INTO sqlite_schema(type,name,tbl_name,rootpage,sql)VALUES('table','name_part','name_part',0,'CREATE VIRTUAL TABLE name_part USING fts5 (
  name, content = '''', contentless_delete = 1, detail = none, tokenize = ''trigram case_sensitive 1''
)');
CREATE TABLE IF NOT EXISTS 'name_part_data'(id INTEGER PRIMARY KEY, block BLOB);
INSERT INTO name_part_data VALUES(1,X'');
INSERT INTO name_part_data VALUES(10,X'00000000ff000001000000');
CREATE TABLE IF NOT EXISTS 'name_part_idx'(segid, term, pgno, PRIMARY KEY(segid, term)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS 'name_part_docsize'(id INTEGER PRIMARY KEY, sz BLOB, origin INTEGER);
CREATE TABLE IF NOT EXISTS 'name_part_config'(k PRIMARY KEY, v) WITHOUT ROWID;
INSERT INTO name_part_config VALUES('version',4);
INSERT INTO sqlite_schema(type,name,tbl_name,rootpage,sql)VALUES('table','name_trigram','name_trigram',0,'CREATE VIRTUAL TABLE name_trigram USING fts5vocab (name_part, row)');
CREATE TABLE unindexed (n INTEGER PRIMARY KEY) STRICT;
INSERT INTO unindexed VALUES(1);
INSERT INTO unindexed VALUES(9);
INSERT INTO unindexed VALUES(10);
CREATE TABLE user_access (
  user           TEXT    NOT NULL PRIMARY KEY,
  suspended      INTEGER NOT NULL DEFAULT 0,
  sessions_ended INTEGER NOT NULL DEFAULT 0
, suspended_at INTEGER NOT NULL DEFAULT 0) STRICT, WITHOUT ROWID;
INSERT INTO user_access VALUES('mallory',1,0,1795780409083);
INSERT INTO user_access VALUES('trudy',0,1795780420126,0);
CREATE TABLE erasure (
  user       TEXT    NOT NULL PRIMARY KEY,
  by         TEXT    NOT NULL,
  started_at INTEGER NOT NULL,
  dialogs    INTEGER NOT NULL,
  after      BLOB    NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO erasure VALUES('trudy','backend',1795780420127,0,X'');
CREATE TABLE erased_user (
  hash           TEXT    NOT NULL PRIMARY KEY,
  sessions_ended INTEGER NOT NULL,
  until          INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO erased_user VALUES('4748d4c802a775e8db9a23ec58f0986cacdc5d2d3356d22c490a7d22331ff133',1795780420110,1827402820115);
CREATE TABLE custom_value (
  path   TEXT    NOT NULL,
  value  TEXT    NOT NULL,
  dialog INTEGER NOT NULL,
  PRIMARY KEY (path, value, dialog)
) STRICT, WITHOUT ROWID;
INSERT INTO custom_value VALUES('Order.due','"2026-01-02T03:04:05.678Z"',1);
INSERT INTO custom_value VALUES('Order.number','1',7);
INSERT INTO custom_value VALUES('Order.number','4711',1);
INSERT INTO custom_value VALUES('Order.paid','true',1);
INSERT INTO custom_value VALUES('Order.place','[13.4,52.5]',1);
INSERT INTO custom_value VALUES('Order.total','12.5',1);
CREATE UNIQUE INDEX dialog_id ON dialog (id);
CREATE INDEX dialog_created ON dialog (type, created_at, id) WHERE deleted = 0;
CREATE INDEX dialog_folded  ON dialog (type, folded, id)     WHERE deleted = 0;
CREATE INDEX creation_at ON creation (at);
CREATE INDEX ended_session_until ON ended_session (until);
CREATE INDEX dialog_position ON dialog (position);
CREATE INDEX dialog_forgotten ON dialog (forget_at) WHERE deleted = 1;
CREATE INDEX departed_forgotten ON departed (forget_at);
CREATE TRIGGER dialog_named AFTER INSERT ON dialog WHEN new.name <> '' AND new.deleted = 0 BEGIN
  INSERT INTO unindexed (n) VALUES (new.n) ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER dialog_renamed AFTER UPDATE OF folded, deleted ON dialog WHEN new.name <> '' BEGIN
  INSERT INTO unindexed (n) VALUES (new.n) ON CONFLICT DO NOTHING;
END;
CREATE INDEX dialog_updated ON dialog (type, updated_at, id, created_at) WHERE deleted = 0;
CREATE INDEX erased_user_until ON erased_user (until);
CREATE INDEX departed_dialog ON departed (dialog, position);
CREATE VIEW custom_now AS
SELECT d.n AS dialog, c.key || '.' || f.key AS path, substr(d.custom -> ('$.' || c.key || '.' || f.key), 1, 40) AS value
FROM dialog d, json_each(d.custom) c, json_each(c.value) f
WHERE d.deleted = 0 AND d.custom <> '{}' AND json_valid(d.custom);
CREATE TRIGGER dialog_custom_made AFTER INSERT ON dialog WHEN new.custom_version = 0 AND new.custom <> '{}' BEGIN
  INSERT INTO custom_value (dialog, path, value)
  SELECT dialog, path, value FROM custom_now WHERE dialog = new.n ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER dialog_custom_changed AFTER UPDATE OF custom ON dialog WHEN new.custom_version = old.custom_version BEGIN
  INSERT INTO custom_value (dialog, path, value)
  SELECT dialog, path, value FROM custom_now WHERE dialog = new.n ON CONFLICT DO NOTHING;
END;
PRAGMA writable_schema=OFF;
COMMIT;
PRAGMA user_version = 11
