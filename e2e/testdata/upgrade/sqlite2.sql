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
  folded     TEXT    NOT NULL, -- the name in the form that lists go by
  name       TEXT    NOT NULL,
  custom     TEXT    NOT NULL, -- {class: {field: value}}
  photo      TEXT    NOT NULL,
  admins     TEXT    NOT NULL, -- [user, ...], as occupants
  occupants  TEXT    NOT NULL
) STRICT;
INSERT INTO dialog VALUES(1,X'6b08b083c78c7e60f5ef1079',2,0,6,1795731587719,1795731587794,'bob','team','Team','{"Order":{"due":"2026-01-02T03:04:05.678Z","number":4711,"paid":true,"place":[13.4,52.5],"total":12.5}}','','["carol","alice"]','["alice","bob","carol","erin","frank"]');
INSERT INTO dialog VALUES(2,X'6b08b0834a400886883d4427',3,0,2,1795731587834,1795731587841,'alice','','','{"Order":{"number":1}}','','','["alice","bob"]');
INSERT INTO dialog VALUES(3,X'6b08b0831f15639d5bd42fc0',1,0,1,1795731587862,1795731587862,'alice','square','Square','{}','','["bob"]','');
INSERT INTO dialog VALUES(4,X'6b08b0835e99e3977885ed75',2,1,2,1795731587871,1795731587881,'bob','gone','gone','{}','','','["bob","alice"]');
CREATE TABLE member (
  user   TEXT    NOT NULL,
  dialog INTEGER NOT NULL,
  roles  INTEGER NOT NULL,
  PRIMARY KEY (user, dialog)
) STRICT, WITHOUT ROWID;
INSERT INTO member VALUES('alice',1,6);
INSERT INTO member VALUES('alice',2,5);
INSERT INTO member VALUES('alice',3,1);
INSERT INTO member VALUES('bob',1,5);
INSERT INTO member VALUES('bob',2,4);
INSERT INTO member VALUES('bob',3,2);
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
INSERT INTO change VALUES(1,1,1,1795731587719,'alice','backend','team','86a72977ebe81d5cdf542b5af4c31bb6a9fea785b3f22b231effa7969e619e1f','{"joined":["alice","bob","carol","dave"],"newAdmins":["carol"]}');
INSERT INTO change VALUES(1,2,2,1795731587742,'bob','backend','rename','a38ad398fe1bc3608ad635bdfc1646c0d4d8d2c13e6bdae9d65d4ce74d624cec','{"changed":[1,6],"name":"Team"}');
INSERT INTO change VALUES(1,3,2,1795731587779,'bob','backend','','','{"changed":[3],"joined":["erin","frank"]}');
INSERT INTO change VALUES(1,4,2,1795731587782,'dave','backend','','','{"changed":[3],"left":["dave"]}');
INSERT INTO change VALUES(1,5,2,1795731587787,'alice','backend','','','{"changed":[5],"newOwner":"bob","oldOwner":"alice"}');
INSERT INTO change VALUES(1,6,2,1795731587794,'','backend','','','{"changed":[2,4],"newAdmins":["alice"]}');
INSERT INTO change VALUES(2,1,1,1795731587834,'alice','backend','','','{"joined":["alice","bob"]}');
INSERT INTO change VALUES(2,2,2,1795731587841,'bob','backend','','','{"changed":[6]}');
INSERT INTO change VALUES(3,1,1,1795731587862,'alice','backend','','','{"newAdmins":["bob"]}');
INSERT INTO change VALUES(4,1,1,1795731587871,'bob','backend','','','{"joined":["bob","alice"]}');
INSERT INTO change VALUES(4,2,3,1795731587881,'bob','backend','','','{}');
CREATE TABLE pair (
  a      TEXT    NOT NULL,
  b      TEXT    NOT NULL,
  dialog INTEGER NOT NULL,
  PRIMARY KEY (a, b)
) STRICT, WITHOUT ROWID;
INSERT INTO pair VALUES('alice','bob',2);
CREATE TABLE creation (
  by_server  INTEGER NOT NULL,
  actor      TEXT    NOT NULL,
  key        TEXT    NOT NULL,
  input_hash TEXT    NOT NULL,
  id         BLOB    NOT NULL,
  at         INTEGER NOT NULL,
  PRIMARY KEY (by_server, actor, key)
) STRICT, WITHOUT ROWID;
INSERT INTO creation VALUES(0,'alice','team','86a72977ebe81d5cdf542b5af4c31bb6a9fea785b3f22b231effa7969e619e1f',X'6b08b083c78c7e60f5ef1079',1795731587719);
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
INSERT INTO api_key VALUES('backend',X'1cc24ea92f304bc3af5167e9602c2ce646fc5cb2b26d40adb18a5ae6dd35a97b',1795731587432);
CREATE TABLE probe (
  n  INTEGER PRIMARY KEY CHECK (n = 1),
  at INTEGER NOT NULL
) STRICT;
CREATE TABLE ended_session (
  id    TEXT    NOT NULL PRIMARY KEY,
  until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX dialog_id ON dialog (id);
CREATE INDEX dialog_updated ON dialog (type, updated_at, id) WHERE deleted = 0;
CREATE INDEX dialog_created ON dialog (type, created_at, id) WHERE deleted = 0;
CREATE INDEX dialog_folded  ON dialog (type, folded, id)     WHERE deleted = 0;
CREATE INDEX dialog_deleted ON dialog (updated_at) WHERE deleted = 1;
CREATE INDEX creation_at ON creation (at);
CREATE INDEX ended_session_until ON ended_session (until);
COMMIT;
PRAGMA user_version = 2
