-- Which dialogs have a value in a field of custom data, for filters: path is
-- Class.field, and value the beginning of the value's JSON. Tombstones have none.
CREATE TABLE custom_value (
  path   TEXT    NOT NULL,
  value  TEXT    NOT NULL,
  dialog INTEGER NOT NULL,
  PRIMARY KEY (path, value, dialog)
) STRICT, WITHOUT ROWID;

-- What the table must have.
CREATE VIEW custom_now AS
SELECT d.n AS dialog, c.key || '.' || f.key AS path, substr(d.custom -> ('$.' || c.key || '.' || f.key), 1, 40) AS value
FROM dialog d, json_each(d.custom) c, json_each(c.value) f
WHERE d.deleted = 0 AND d.custom <> '{}' AND json_valid(d.custom);

INSERT INTO custom_value (dialog, path, value) SELECT dialog, path, value FROM custom_now;

CREATE TRIGGER dialog_custom_made AFTER INSERT ON dialog WHEN new.custom <> '{}' BEGIN
  INSERT INTO custom_value (dialog, path, value)
  SELECT dialog, path, value FROM custom_now WHERE dialog = new.n ON CONFLICT DO NOTHING;
END;

CREATE TRIGGER dialog_custom_changed AFTER UPDATE OF custom, deleted ON dialog
WHEN new.custom <> old.custom OR new.deleted <> old.deleted AND old.custom <> '{}' BEGIN
  -- The casts say that the types are those of the columns, so that the key finds them.
  DELETE FROM custom_value WHERE (path, value, dialog) IN (
    SELECT CAST(path AS TEXT), CAST(substr(old.custom -> ('$.' || path), 1, 40) AS TEXT), CAST(old.n AS INTEGER)
    FROM (SELECT c.key || '.' || f.key AS path FROM json_each(iif(json_valid(old.custom), old.custom, '{}')) c, json_each(c.value) f)
    WHERE new.deleted = 1 OR new.custom -> ('$.' || path) IS NOT old.custom -> ('$.' || path)
  );
  INSERT INTO custom_value (dialog, path, value)
  SELECT dialog, path, value FROM custom_now WHERE dialog = new.n ON CONFLICT DO NOTHING;
END;

CREATE TRIGGER dialog_custom_gone AFTER DELETE ON dialog WHEN old.custom <> '{}' BEGIN
  DELETE FROM custom_value WHERE (path, value, dialog) IN (
    SELECT CAST(path AS TEXT), CAST(substr(old.custom -> ('$.' || path), 1, 40) AS TEXT), CAST(old.n AS INTEGER)
    FROM (SELECT c.key || '.' || f.key AS path FROM json_each(iif(json_valid(old.custom), old.custom, '{}')) c, json_each(c.value) f)
  );
END;
