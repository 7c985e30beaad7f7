package sqlite

import (
	"cmp"
	"context"

	"dialogs/dialog"
)

// Create stores the plan's dialog, or finds an existing one instead.
func (s *Store) Create(ctx context.Context, p dialog.CreatePlan) (dialog.CreateOutcome, error) {
	var out dialog.CreateOutcome
	cost := rowsPerChange + len(p.Dialog.Occupants) + len(p.Dialog.Admins) + countFields(p.Dialog.Custom)
	err := s.writeFor(ctx, p.Actor, cost, "creating a dialog", func(w *writer) (err error) {
		out, err = w.create(&p)
		return err
	})
	if err != nil {
		return dialog.CreateOutcome{}, err
	}
	return out, nil
}

func (w *writer) create(p *dialog.CreatePlan) (dialog.CreateOutcome, error) {
	if p.Key != "" {
		if d, used, err := w.createdWith(p); used || err != nil {
			return dialog.CreateOutcome{Dialog: d}, err
		}
	}
	if a, b, ok := p.Pair(); ok {
		r, found, err := w.load("SELECT "+rowColumns+" FROM pair JOIN dialog d ON d.n = pair.dialog WHERE pair.a = ? AND pair.b = ?", a, b)
		if err != nil {
			return dialog.CreateOutcome{}, err
		}
		if found {
			d, err := r.dialog()
			return dialog.CreateOutcome{Dialog: d}, err
		}
	}
	id, err := encodeID(p.Dialog.ID)
	if err != nil {
		return dialog.CreateOutcome{}, err
	}
	if p.IDGiven {
		_, taken, err := w.load(selectDialog, id)
		if err != nil {
			return dialog.CreateOutcome{}, err
		}
		if taken {
			return dialog.CreateOutcome{}, dialog.ErrIDTaken()
		}
	}
	if owner, most, ok := p.Receives(); ok {
		if full, err := w.ownsPublicGroups(owner, most); full || err != nil {
			return dialog.CreateOutcome{}, cmp.Or(err, p.ErrTooManyPublicGroups())
		}
	}
	if p.Key != "" {
		server, actor := claimant(p.Actor)
		err := w.exec(
			"INSERT OR REPLACE INTO creation (by_server, actor, key, input_hash, id, at) VALUES (?, ?, ?, ?, ?, ?)",
			server, actor, p.Key, p.InputHash, id, millis(p.Dialog.CreatedAt),
		)
		if err != nil {
			return dialog.CreateOutcome{}, err
		}
	}
	return dialog.CreateOutcome{Dialog: p.Dialog, Created: true}, w.insert(&p.Dialog)
}

// createdWith finds the dialog, or its tombstone, that the actor created with
// the plan's key. used is false when they did not use the key, or it expired.
func (w *writer) createdWith(p *dialog.CreatePlan) (d dialog.Dialog, used bool, err error) {
	var hash string
	var id []byte
	var at int64
	server, actor := claimant(p.Actor)
	used, err = w.row(
		"SELECT input_hash, id, at FROM creation WHERE by_server = ? AND actor = ? AND key = ?",
		[]any{server, actor, p.Key}, &hash, &id, &at,
	)
	if err != nil || !used || dialog.KeyExpired(instant(at), p.Dialog.CreatedAt) {
		return dialog.Dialog{}, false, err
	}
	if err := p.CheckReplay(hash); err != nil {
		return dialog.Dialog{}, true, err
	}
	r, found, err := w.load(selectDialog, id)
	if err != nil {
		return dialog.Dialog{}, true, err
	}
	if !found {
		return dialog.Dialog{Deleted: true}, true, nil
	}
	d, err = r.dialog()
	return d, true, err
}

// claimant is the actor that an idempotency key belongs to, as the columns of
// the table creation.
func claimant(a dialog.Actor) (server bool, actor string) {
	who := a.Identity()
	return who.User == "", string(who.User) + who.APIKey // one of the two is empty
}

func (w *writer) load(query string, args ...any) (r row, found bool, err error) {
	found, err = w.row(query, args, r.targets()...)
	return r, found, err
}

// insert stores a new dialog with its history and everything that finds it. Its
// number is the position of its creation: no dialog ever gets the number of
// another one.
func (w *writer) insert(d *dialog.Dialog) error {
	position, err := w.nextPosition()
	if err != nil {
		return err
	}
	at := place{dialog: position, position: position}
	if err := w.insertRow(at, d); err != nil {
		return err
	}
	if err := w.saveValues(position, &dialog.Dialog{}, d); err != nil {
		return err
	}
	return w.saveMembers(at, &dialog.Dialog{}, d, d.Members())
}

const (
	intoDialog = "INSERT INTO dialog (n, id, type, deleted, version, created_at, updated_at, forget_at, owner, folded, name, custom, custom_version, photo, admins, occupants, position) VALUES "
	intoRecord = "INSERT INTO change (dialog, " + recordColumns + ") VALUES "
)

// rowOf are the values of intoDialog.
func rowOf(at place, d *dialog.Dialog) ([]any, error) {
	id, err := encodeID(d.ID)
	if err != nil {
		return nil, err
	}
	var r row
	if err := r.encodeLists(d); err != nil {
		return nil, err
	}
	forget, customVersion := int64(0), int64(0)
	if len(d.Custom) > 0 {
		customVersion = d.Version
	}
	if d.Deleted {
		forget = millis(d.ForgetAt)
	}
	return []any{
		at.dialog, id, int(d.Type), d.Deleted, d.Version, millis(d.CreatedAt), millis(d.UpdatedAt), forget, string(d.Owner),
		dialog.NameKey(d.Name), d.Name, r.custom, customVersion, d.Photo, r.admins, r.occupants, at.position,
	}, nil
}

// recordRow are the values of intoRecord.
func recordRow(n int64, r *dialog.Record) ([]any, error) {
	text, err := encodeDetail(r)
	return []any{n, r.Version, int(r.Kind), millis(r.At), string(r.Actor.User), r.Actor.APIKey, r.Key, r.InputHash, text}, err
}

// insertRow stores a dialog, except for its members.
func (w *writer) insertRow(at place, d *dialog.Dialog) error {
	row, err := rowOf(at, d)
	if err != nil {
		return err
	}
	if err := w.insertRows(intoDialog, len(row), row); err != nil {
		return err
	}
	for i := range d.History {
		if err := w.insertRecord(at.dialog, &d.History[i]); err != nil {
			return err
		}
	}
	if a, b, ok := d.Pair(); ok && !d.Deleted {
		return w.exec("INSERT INTO pair (a, b, dialog) VALUES (?, ?, ?)", string(a), string(b), at.dialog)
	}
	return nil
}

func (w *writer) insertRecord(n int64, r *dialog.Record) error {
	row, err := recordRow(n, r)
	if err != nil {
		return err
	}
	return w.insertRows(intoRecord, len(row), row)
}
