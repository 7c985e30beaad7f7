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
, position INTEGER NOT NULL DEFAULT 0, forget_at INTEGER NOT NULL DEFAULT 0) STRICT;
INSERT INTO dialog VALUES(1,X'6b08b18135b27f2a69882b69',2,0,6,1795731841750,1795731841784,'bob','2 15.0.0:team','Team','{"Order":{"due":"2026-01-02T03:04:05.678Z","number":4711,"paid":true,"place":[13.4,52.5],"total":12.5}}','','["carol","alice"]','["alice","bob","carol","erin","frank"]',6,0);
INSERT INTO dialog VALUES(7,X'6b08b181499387a5d5123bcb',3,0,2,1795731841786,1795731841789,'alice','','','{"Order":{"number":1}}','','','["alice","bob"]',8,0);
INSERT INTO dialog VALUES(9,X'6b08b1817a0007fa63e0f316',1,0,1,1795731841791,1795731841791,'alice','2 15.0.0:square','Square','{}','','["bob"]','',9,0);
INSERT INTO dialog VALUES(10,X'6b08b181641e3ca0ae90021b',2,1,2,1795731841799,1795731841804,'bob','2 15.0.0:gone','gone','{}','','','["bob","alice"]',11,1796336641804);
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
INSERT INTO change VALUES(1,1,1,1795731841750,'alice','backend','team','86a72977ebe81d5cdf542b5af4c31bb6a9fea785b3f22b231effa7969e619e1f','{"joined":["alice","bob","carol","dave"],"newAdmins":["carol"]}');
INSERT INTO change VALUES(1,2,2,1795731841762,'bob','backend','rename','a38ad398fe1bc3608ad635bdfc1646c0d4d8d2c13e6bdae9d65d4ce74d624cec','{"changed":[1,6],"name":"Team"}');
INSERT INTO change VALUES(1,3,2,1795731841767,'bob','backend','','','{"changed":[3],"joined":["erin","frank"]}');
INSERT INTO change VALUES(1,4,2,1795731841777,'dave','backend','','','{"changed":[3],"left":["dave"]}');
INSERT INTO change VALUES(1,5,2,1795731841782,'alice','backend','','','{"changed":[5],"newOwner":"bob","oldOwner":"alice"}');
INSERT INTO change VALUES(1,6,2,1795731841784,'','backend','','','{"changed":[2,4],"newAdmins":["alice"]}');
INSERT INTO change VALUES(7,1,1,1795731841786,'alice','backend','','','{"joined":["alice","bob"]}');
INSERT INTO change VALUES(7,2,2,1795731841789,'bob','backend','','','{"changed":[6]}');
INSERT INTO change VALUES(9,1,1,1795731841791,'alice','backend','','','{"newAdmins":["bob"]}');
INSERT INTO change VALUES(10,1,1,1795731841799,'bob','backend','','','{"joined":["bob","alice"]}');
INSERT INTO change VALUES(10,2,3,1795731841804,'bob','backend','','','{}');
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
INSERT INTO creation VALUES(0,'alice','team','86a72977ebe81d5cdf542b5af4c31bb6a9fea785b3f22b231effa7969e619e1f',X'6b08b18135b27f2a69882b69',1795731841750);
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
) STRICT, WITHOUT ROWID;
INSERT INTO api_key VALUES('backend',X'fc73cdf33a1ba635f1f87383e1c958f6a6f2b2cbdf838797ec27e7ebb9e0b6a5',1795731841641);
CREATE TABLE probe (
  n  INTEGER PRIMARY KEY CHECK (n = 1),
  at INTEGER NOT NULL
) STRICT;
INSERT INTO probe VALUES(1,1795731841725);
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
INSERT INTO departed VALUES('alice',10,11,1796336641804);
INSERT INTO departed VALUES('bob',10,11,1796336641804);
INSERT INTO departed VALUES('dave',1,4,1796336641777);
CREATE TABLE sync (
  n         INTEGER PRIMARY KEY CHECK (n = 1),
  epoch     BLOB    NOT NULL,
  position  INTEGER NOT NULL,
  forgotten INTEGER NOT NULL
) STRICT;
INSERT INTO sync VALUES(1,X'14436fd2d1bef26f',11,0);
CREATE TABLE webhook (
  id         BLOB    NOT NULL PRIMARY KEY,
  created_at INTEGER NOT NULL,
  revision   INTEGER NOT NULL,
  definition TEXT    NOT NULL,
  progress   TEXT    NOT NULL DEFAULT '{}',
  holder     TEXT    NOT NULL DEFAULT '',
  held_until INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
INSERT INTO webhook VALUES(X'6b08b181e1421801737f55e8',1795731841809,2,'{"id":"6b08b181e1421801737f55e8","url":"https://example.com/hook","status":2,"filter":{"kinds":[3]},"with_dialog":true,"secrets":[{"sealed":"PDhNhpC/X01sh+iKgn0Ph5d/QW6FVHezG8ul8V8OJCZPIm5HJgj2weZYPwwNnXjYa6+GmbWQvQ630d90"}],"created_at":"2026-11-26T22:24:01.809Z","resumed_at":"2026-11-26T22:24:01.809Z","revision":2}','{"mark":"14436fd2d1bef26f:11","at":"2026-11-26T22:24:01.81Z","sent":[{"i":"6b08b18135b27f2a69882b69","v":6},{"i":"6b08b181499387a5d5123bcb","v":2},{"i":"6b08b1817a0007fa63e0f316","v":1}]}','DB7X6F6ZR6CCJCVYA4XXOPKUML',1795731841812);
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
PRAGMA writable_schema=OFF;
COMMIT;
PRAGMA user_version = 5
