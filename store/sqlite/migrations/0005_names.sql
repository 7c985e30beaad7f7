-- The parts of names, for nameContains: each folded name with two characters at
-- its end that no name has, so that every character begins three of them. Their
-- rowid is the dialog's number.
CREATE VIRTUAL TABLE name_part USING fts5 (
  name, content = '', contentless_delete = 1, detail = none, tokenize = 'trigram case_sensitive 1'
);

CREATE VIRTUAL TABLE name_trigram USING fts5vocab (name_part, row);

-- Dialogs whose current name is not in name_part yet, or that are deleted and
-- still there. Indexing many names at once takes a tenth of the time.
CREATE TABLE unindexed (n INTEGER PRIMARY KEY) STRICT;

INSERT INTO unindexed (n) SELECT n FROM dialog WHERE deleted = 0 AND name <> '';

CREATE TRIGGER dialog_named AFTER INSERT ON dialog WHEN new.name <> '' AND new.deleted = 0 BEGIN
  INSERT INTO unindexed (n) VALUES (new.n) ON CONFLICT DO NOTHING;
END;

CREATE TRIGGER dialog_renamed AFTER UPDATE OF folded, deleted ON dialog WHEN new.name <> '' BEGIN
  INSERT INTO unindexed (n) VALUES (new.n) ON CONFLICT DO NOTHING;
END;

-- With created_at, the dialogs that changed after an instant are sorted by their
-- creation without a look at each.
DROP INDEX dialog_updated;
CREATE INDEX dialog_updated ON dialog (type, updated_at, id, created_at) WHERE deleted = 0;
