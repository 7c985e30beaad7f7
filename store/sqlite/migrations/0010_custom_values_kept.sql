-- The program itself keeps the values of custom data now: only those that change are
-- written. It says so with custom_version: the version of the dialog whose change wrote
-- its custom data together with the values.
ALTER TABLE dialog ADD COLUMN custom_version INTEGER NOT NULL DEFAULT 0;

DROP TRIGGER dialog_custom_made;
DROP TRIGGER dialog_custom_changed;
DROP TRIGGER dialog_custom_gone;

-- A process that does not know the column can still have the database open, for example
-- an import that an older version began. What it stores gets values here. Values that a
-- dialog no longer has may stay: searches look at the dialogs themselves.
CREATE TRIGGER dialog_custom_made AFTER INSERT ON dialog WHEN new.custom_version = 0 AND new.custom <> '{}' BEGIN
  INSERT INTO custom_value (dialog, path, value)
  SELECT dialog, path, value FROM custom_now WHERE dialog = new.n ON CONFLICT DO NOTHING;
END;

CREATE TRIGGER dialog_custom_changed AFTER UPDATE OF custom ON dialog WHEN new.custom_version = old.custom_version BEGIN
  INSERT INTO custom_value (dialog, path, value)
  SELECT dialog, path, value FROM custom_now WHERE dialog = new.n ON CONFLICT DO NOTHING;
END;
