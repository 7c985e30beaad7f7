package sqlite

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"dialogs/dialog"
)

// storedField is the stored form of a class's field, independent of the names
// that the domain uses.
type storedField struct {
	Name string           `json:"name"`
	Type dialog.FieldType `json:"type"`
	List bool             `json:"list,omitempty"`
}

// Classes lists all classes, by name.
func (s *Store) Classes(ctx context.Context) ([]dialog.Class, error) {
	var classes []dialog.Class
	err := s.read(ctx, "reading the classes", func(ctx context.Context) error {
		rows, err := s.reads.query(ctx, "SELECT name, revision, fields FROM class ORDER BY name")
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var c dialog.Class
			var text string
			if err := scan(rows, &c.Name, &c.Revision, &text); err != nil {
				return err
			}
			if c.Fields, err = decodeFields(text); err != nil {
				return fmt.Errorf("decoding the class %s: %w", c.Name, err)
			}
			classes = append(classes, c)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, err
	}
	return classes, nil
}

func decodeFields(text string) ([]dialog.Field, error) {
	var stored []storedField
	if err := json.Unmarshal([]byte(text), &stored); err != nil {
		return nil, fmt.Errorf("%w: %w", errDamaged, err)
	}
	var fields []dialog.Field
	for _, f := range stored {
		fields = append(fields, dialog.Field(f))
	}
	return fields, nil
}

// SaveClass stores a class if the stored one has the revision before it.
func (s *Store) SaveClass(ctx context.Context, c dialog.Class) (bool, error) {
	stored := make([]storedField, 0, len(c.Fields))
	for _, f := range c.Fields {
		stored = append(stored, storedField(f))
	}
	text, err := encodeJSON(stored)
	if err != nil {
		return false, err
	}
	var rows int64
	err = s.write(ctx, "saving a class", func(w *writer) (err error) {
		if c.Revision == 1 {
			rows, err = w.affect("INSERT INTO class (name, revision, fields) VALUES (?, 1, ?) ON CONFLICT DO NOTHING", c.Name, text)
		} else {
			rows, err = w.affect("UPDATE class SET revision = ?, fields = ? WHERE name = ? AND revision = ?", c.Revision, text, c.Name, c.Revision-1)
		}
		return err
	})
	if err != nil {
		return false, err
	}
	return rows == 1, nil
}

// AddAPIKey stores a key if no other has its name.
func (s *Store) AddAPIKey(ctx context.Context, k dialog.APIKey) error {
	return s.write(ctx, "adding an API key", func(w *writer) error {
		added, err := w.affect(
			"INSERT INTO api_key (name, hash, created_at, expires_at, note, scopes, used_on) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
			k.Name, k.Hash[:], millis(k.CreatedAt), millisOrNone(k.ExpiresAt), k.Note, k.Scopes, millisOrNone(k.UsedOn),
		)
		if err == nil && added == 0 {
			return dialog.ErrAPIKeyExists(k.Name)
		}
		return err
	})
}

// APIKeys lists all keys, by name.
func (s *Store) APIKeys(ctx context.Context) ([]dialog.APIKey, error) {
	var keys []dialog.APIKey
	err := s.read(ctx, "reading the API keys", func(ctx context.Context) error {
		rows, err := s.reads.query(ctx, "SELECT name, hash, created_at, expires_at, note, scopes, used_on FROM api_key ORDER BY name")
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var k dialog.APIKey
			var hash []byte
			var at, expires, used int64
			if err := scan(rows, &k.Name, &hash, &at, &expires, &k.Note, &k.Scopes, &used); err != nil {
				return err
			}
			if len(hash) != len(k.Hash) {
				return fmt.Errorf("the API key %q has a hash of %s", k.Name, dialog.Counted(len(hash), "byte", "bytes"))
			}
			k.Hash, k.CreatedAt = [32]byte(hash), instant(at)
			k.ExpiresAt, k.UsedOn = instantOrNone(expires), instantOrNone(used)
			keys = append(keys, k)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, err
	}
	return keys, nil
}

// RemoveAPIKey removes a key.
func (s *Store) RemoveAPIKey(ctx context.Context, name string) error {
	return s.write(ctx, "removing an API key", func(w *writer) error {
		removed, err := w.affect("DELETE FROM api_key WHERE name = ?", name)
		if err == nil && removed == 0 {
			return dialog.ErrAPIKeyNotFound(name)
		}
		return err
	})
}

// UseAPIKey stores the day of the last use of a key.
func (s *Store) UseAPIKey(ctx context.Context, name string, day time.Time) error {
	return s.write(ctx, "storing the use of an API key", func(w *writer) error {
		return w.exec("UPDATE api_key SET used_on = ? WHERE name = ? AND used_on < ?", millis(day), name, millis(day))
	})
}

// millisOrNone is an instant as it is stored where there may be none: 0.
func millisOrNone(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return millis(t)
}

func instantOrNone(stored int64) time.Time {
	if stored == 0 {
		return time.Time{}
	}
	return instant(stored)
}
