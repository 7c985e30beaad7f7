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
INSERT INTO dialog VALUES(1,X'6b08b1666213b72ca90c09c8',2,0,6,1795731814828,1795731814895,'bob','2 15.0.0:team','Team','{"Order":{"due":"2026-01-02T03:04:05.678Z","number":4711,"paid":true,"place":[13.4,52.5],"total":12.5}}','','["carol","alice"]','["alice","bob","carol","erin","frank"]',6,0);
INSERT INTO dialog VALUES(7,X'6b08b16652f021eb3255bc11',3,0,2,1795731814907,1795731814926,'alice','','','{"Order":{"number":1}}','','','["alice","bob"]',8,0);
INSERT INTO dialog VALUES(9,X'6b08b16622a16f764f358507',1,0,1,1795731814935,1795731814935,'alice','2 15.0.0:square','Square','{}','','["bob"]','',9,0);
INSERT INTO dialog VALUES(10,X'6b08b16694e7112327ca0cef',2,1,2,1795731814945,1795731814955,'bob','2 15.0.0:gone','gone','{}','','','["bob","alice"]',11,1796336614955);
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
INSERT INTO change VALUES(1,1,1,1795731814828,'alice','backend','team','86a72977ebe81d5cdf542b5af4c31bb6a9fea785b3f22b231effa7969e619e1f','{"joined":["alice","bob","carol","dave"],"newAdmins":["carol"]}');
INSERT INTO change VALUES(1,2,2,1795731814834,'bob','backend','rename','a38ad398fe1bc3608ad635bdfc1646c0d4d8d2c13e6bdae9d65d4ce74d624cec','{"changed":[1,6],"name":"Team"}');
INSERT INTO change VALUES(1,3,2,1795731814836,'bob','backend','','','{"changed":[3],"joined":["erin","frank"]}');
INSERT INTO change VALUES(1,4,2,1795731814838,'dave','backend','','','{"changed":[3],"left":["dave"]}');
INSERT INTO change VALUES(1,5,2,1795731814888,'alice','backend','','','{"changed":[5],"newOwner":"bob","oldOwner":"alice"}');
INSERT INTO change VALUES(1,6,2,1795731814895,'','backend','','','{"changed":[2,4],"newAdmins":["alice"]}');
INSERT INTO change VALUES(7,1,1,1795731814907,'alice','backend','','','{"joined":["alice","bob"]}');
INSERT INTO change VALUES(7,2,2,1795731814926,'bob','backend','','','{"changed":[6]}');
INSERT INTO change VALUES(9,1,1,1795731814935,'alice','backend','','','{"newAdmins":["bob"]}');
INSERT INTO change VALUES(10,1,1,1795731814945,'bob','backend','','','{"joined":["bob","alice"]}');
INSERT INTO change VALUES(10,2,3,1795731814955,'bob','backend','','','{}');
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
INSERT INTO creation VALUES(0,'alice','team','86a72977ebe81d5cdf542b5af4c31bb6a9fea785b3f22b231effa7969e619e1f',X'6b08b1666213b72ca90c09c8',1795731814828);
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
INSERT INTO api_key VALUES('backend',X'2b51134a7bdb7e5596d59ebfd2d9bf988ef000b602784a9bce4dec475f9face1',1795731814708);
CREATE TABLE probe (
  n  INTEGER PRIMARY KEY CHECK (n = 1),
  at INTEGER NOT NULL
) STRICT;
INSERT INTO probe VALUES(1,1795731814796);
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
INSERT INTO departed VALUES('alice',10,11,1796336614955);
INSERT INTO departed VALUES('bob',10,11,1796336614955);
INSERT INTO departed VALUES('dave',1,4,1796336614838);
CREATE TABLE sync (
  n         INTEGER PRIMARY KEY CHECK (n = 1),
  epoch     BLOB    NOT NULL,
  position  INTEGER NOT NULL,
  forgotten INTEGER NOT NULL
) STRICT;
INSERT INTO sync VALUES(1,X'109ea053d509b7ce',11,0);
CREATE TABLE webhook (
  id         BLOB    NOT NULL PRIMARY KEY,
  created_at INTEGER NOT NULL,
  revision   INTEGER NOT NULL,
  definition TEXT    NOT NULL,
  progress   TEXT    NOT NULL DEFAULT '{}',
  holder     TEXT    NOT NULL DEFAULT '',
  held_until INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX dialog_id ON dialog (id);
CREATE INDEX dialog_updated ON dialog (type, updated_at, id) WHERE deleted = 0;
CREATE INDEX dialog_created ON dialog (type, created_at, id) WHERE deleted = 0;
CREATE INDEX dialog_folded  ON dialog (type, folded, id)     WHERE deleted = 0;
CREATE INDEX creation_at ON creation (at);
CREATE INDEX ended_session_until ON ended_session (until);
CREATE INDEX dialog_position ON dialog (position);
CREATE INDEX dialog_forgotten ON dialog (forget_at) WHERE deleted = 1;
CREATE INDEX departed_forgotten ON departed (forget_at);
COMMIT;
PRAGMA user_version = 4
