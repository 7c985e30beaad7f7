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
INSERT INTO dialog VALUES(1,X'6b08b086fea9b7f18afb580a',2,0,6,1795731590636,1795731590758,'bob','team','Team','{"Order":{"due":"2026-01-02T03:04:05.678Z","number":4711,"paid":true,"place":[13.4,52.5],"total":12.5}}','','["carol","alice"]','["alice","bob","carol","erin","frank"]',6,0);
INSERT INTO dialog VALUES(7,X'6b08b086a5094ea9f82ddfb5',3,0,2,1795731590764,1795731590809,'alice','','','{"Order":{"number":1}}','','','["alice","bob"]',8,0);
INSERT INTO dialog VALUES(9,X'6b08b086291482efd6ea1e94',1,0,1,1795731590821,1795731590821,'alice','square','Square','{}','','["bob"]','',9,0);
INSERT INTO dialog VALUES(10,X'6b08b086d2739eb0e19a1e44',2,1,2,1795731590845,1795731590880,'bob','gone','gone','{}','','','["bob","alice"]',11,1796336390880);
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
INSERT INTO change VALUES(1,1,1,1795731590636,'alice','backend','team','86a72977ebe81d5cdf542b5af4c31bb6a9fea785b3f22b231effa7969e619e1f','{"joined":["alice","bob","carol","dave"],"newAdmins":["carol"]}');
INSERT INTO change VALUES(1,2,2,1795731590654,'bob','backend','rename','a38ad398fe1bc3608ad635bdfc1646c0d4d8d2c13e6bdae9d65d4ce74d624cec','{"changed":[1,6],"name":"Team"}');
INSERT INTO change VALUES(1,3,2,1795731590699,'bob','backend','','','{"changed":[3],"joined":["erin","frank"]}');
INSERT INTO change VALUES(1,4,2,1795731590741,'dave','backend','','','{"changed":[3],"left":["dave"]}');
INSERT INTO change VALUES(1,5,2,1795731590749,'alice','backend','','','{"changed":[5],"newOwner":"bob","oldOwner":"alice"}');
INSERT INTO change VALUES(1,6,2,1795731590758,'','backend','','','{"changed":[2,4],"newAdmins":["alice"]}');
INSERT INTO change VALUES(7,1,1,1795731590764,'alice','backend','','','{"joined":["alice","bob"]}');
INSERT INTO change VALUES(7,2,2,1795731590809,'bob','backend','','','{"changed":[6]}');
INSERT INTO change VALUES(9,1,1,1795731590821,'alice','backend','','','{"newAdmins":["bob"]}');
INSERT INTO change VALUES(10,1,1,1795731590845,'bob','backend','','','{"joined":["bob","alice"]}');
INSERT INTO change VALUES(10,2,3,1795731590880,'bob','backend','','','{}');
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
INSERT INTO creation VALUES(0,'alice','team','86a72977ebe81d5cdf542b5af4c31bb6a9fea785b3f22b231effa7969e619e1f',X'6b08b086fea9b7f18afb580a',1795731590636);
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
INSERT INTO api_key VALUES('backend',X'c8c3f8ecd31c9c2610082ed9d91d899b5d8b911e224313e8c65ab40a736075aa',1795731590509);
CREATE TABLE probe (
  n  INTEGER PRIMARY KEY CHECK (n = 1),
  at INTEGER NOT NULL
) STRICT;
INSERT INTO probe VALUES(1,1795731590620);
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
INSERT INTO departed VALUES('alice',10,11,1796336390880);
INSERT INTO departed VALUES('bob',10,11,1796336390880);
INSERT INTO departed VALUES('dave',1,4,1796336390741);
CREATE TABLE sync (
  n         INTEGER PRIMARY KEY CHECK (n = 1),
  epoch     BLOB    NOT NULL,
  position  INTEGER NOT NULL,
  forgotten INTEGER NOT NULL
) STRICT;
INSERT INTO sync VALUES(1,X'107352c106c821d0',11,0);
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
PRAGMA user_version = 3
