-- The dialogs for PostGraphile: the rules are policies of rows, and the three operations
-- are functions. The user is the claim "sub" of the session token.
CREATE ROLE visitor LOGIN;
CREATE SCHEMA app;
GRANT USAGE ON SCHEMA app TO visitor;

CREATE TYPE app.dialog_type AS ENUM ('PUBLIC_GROUP', 'GROUP', 'PRIVATE');

CREATE TABLE app.dialog (
  id text PRIMARY KEY,
  type app.dialog_type NOT NULL,
  name text,
  folded text,
  owner_id text NOT NULL,
  admin_ids text[] NOT NULL,
  occupant_ids text[] NOT NULL,
  version integer NOT NULL,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL
);

CREATE TABLE app.member (
  user_id text,
  dialog_id text REFERENCES app.dialog ON DELETE CASCADE,
  PRIMARY KEY (user_id, dialog_id)
);

CREATE TABLE app.change (
  dialog_id text REFERENCES app.dialog ON DELETE CASCADE,
  version integer,
  kind smallint NOT NULL,
  at timestamptz NOT NULL,
  user_id text NOT NULL,
  detail jsonb NOT NULL,
  PRIMARY KEY (dialog_id, version)
);

CREATE FUNCTION app.caller() RETURNS text LANGUAGE sql STABLE
AS $$ SELECT nullif(current_setting('jwt.claims.sub', true), '') $$;

ALTER TABLE app.dialog ENABLE ROW LEVEL SECURITY;
GRANT SELECT, UPDATE (name, folded, version, updated_at) ON app.dialog TO visitor;
CREATE POLICY see ON app.dialog FOR SELECT USING (
  type = 'PUBLIC_GROUP' OR owner_id = (SELECT app.caller())
  OR (SELECT app.caller()) = ANY (admin_ids) OR (SELECT app.caller()) = ANY (occupant_ids)
);
CREATE POLICY rename ON app.dialog FOR UPDATE USING (
  type <> 'PRIVATE' AND (
    owner_id = (SELECT app.caller()) OR (SELECT app.caller()) = ANY (admin_ids)
    OR type = 'GROUP' AND (SELECT app.caller()) = ANY (occupant_ids)
  )
);

ALTER TABLE app.member ENABLE ROW LEVEL SECURITY;
GRANT SELECT ON app.member TO visitor;
CREATE POLICY own ON app.member FOR SELECT USING (user_id = (SELECT app.caller()));

-- Who sees a dialog may add records of own changes, and drop those that are too old.
ALTER TABLE app.change ENABLE ROW LEVEL SECURITY;
GRANT SELECT, INSERT, DELETE ON app.change TO visitor;
CREATE POLICY see ON app.change FOR SELECT USING (EXISTS (SELECT FROM app.dialog WHERE id = dialog_id));
CREATE POLICY add ON app.change FOR INSERT WITH CHECK (
  user_id = (SELECT app.caller()) AND EXISTS (SELECT FROM app.dialog WHERE id = dialog_id)
);
CREATE POLICY drop ON app.change FOR DELETE USING (EXISTS (SELECT FROM app.dialog WHERE id = dialog_id));

CREATE FUNCTION app.dialog_viewer_can_rename(d app.dialog) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT d.type <> 'PRIVATE' AND (
    d.owner_id = app.caller() OR app.caller() = ANY (d.admin_ids)
    OR d.type = 'GROUP' AND app.caller() = ANY (d.occupant_ids)
  )
$$;

CREATE FUNCTION app.dialog_of(id text) RETURNS app.dialog LANGUAGE plpgsql STABLE AS $$
DECLARE
  d app.dialog;
BEGIN
  IF app.caller() IS NULL THEN RAISE EXCEPTION 'authentication required'; END IF;
  SELECT * INTO d FROM app.dialog WHERE dialog.id = dialog_of.id;
  IF NOT FOUND THEN RAISE EXCEPTION 'dialog not found'; END IF;
  RETURN d;
END
$$;

CREATE FUNCTION app.rename_dialog(id text, name text, if_version integer DEFAULT NULL) RETURNS app.dialog LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  d app.dialog;
BEGIN
  IF app.caller() IS NULL THEN RAISE EXCEPTION 'authentication required'; END IF;
  IF rename_dialog.name IS NULL OR char_length(rename_dialog.name) NOT BETWEEN 1 AND 200 THEN
    RAISE EXCEPTION 'name must have 1 to 200 characters';
  END IF;
  -- The policies of both commands apply to rows that are locked.
  SELECT * INTO d FROM app.dialog WHERE dialog.id = rename_dialog.id FOR UPDATE;
  IF NOT FOUND THEN RAISE EXCEPTION 'dialog not found, or not allowed'; END IF;
  IF if_version <> d.version THEN RAISE EXCEPTION 'the dialog was changed by someone else'; END IF;
  IF d.name = rename_dialog.name THEN RETURN d; END IF;
  UPDATE app.dialog
    SET name = rename_dialog.name, folded = lower(normalize(rename_dialog.name, NFC)), version = d.version + 1,
      updated_at = greatest(date_trunc('milliseconds', clock_timestamp()), d.updated_at)
    WHERE dialog.id = d.id RETURNING * INTO d;
  INSERT INTO app.change VALUES (
    d.id, d.version, 2, d.updated_at, app.caller(), jsonb_build_object('changed', ARRAY[1], 'name', d.name)
  );
  IF d.version > 50 THEN
    DELETE FROM app.change WHERE dialog_id = d.id AND version <= d.version - 50;
  END IF;
  RETURN d;
END
$$;

CREATE FUNCTION app.own_dialogs() RETURNS SETOF app.dialog LANGUAGE sql STABLE AS $$
  SELECT d.* FROM app.member m JOIN app.dialog d ON d.id = m.dialog_id
  WHERE m.user_id = (SELECT app.caller()) ORDER BY d.updated_at DESC, d.id DESC
$$;
