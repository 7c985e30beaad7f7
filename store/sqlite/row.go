package sqlite

import (
	"database/sql"
	"errors"
	"time"

	"dialogs/dialog"
)

// A row is a dialog as it is stored.
type row struct {
	n                          int64
	id                         []byte
	typ                        dialog.Type
	deleted                    bool
	version, created, updated  int64
	forget                     int64
	owner, name, custom, photo string
	admins, occupants          string
}

const rowColumns = "d.n, d.id, d.type, d.deleted, d.version, d.created_at, d.updated_at, d.forget_at, d.owner, d.name, d.custom, d.photo, d.admins, d.occupants"

// targets are what a row of rowColumns is scanned into.
func (r *row) targets() []any {
	return []any{
		&r.n, &r.id, &r.typ, &r.deleted, &r.version, &r.created, &r.updated, &r.forget,
		&r.owner, &r.name, &r.custom, &r.photo, &r.admins, &r.occupants,
	}
}

func (r *row) dialog() (dialog.Dialog, error) {
	custom, err1 := decodeCustom(r.custom)
	admins, err2 := decodeUsers(r.admins)
	occupants, err3 := decodeUsers(r.occupants)
	return dialog.Dialog{
		ID: decodeID(r.id), Type: r.typ, Name: r.name, Photo: r.photo, Owner: dialog.UserID(r.owner),
		Occupants: occupants, Admins: admins, Custom: custom,
		CreatedAt: instant(r.created), UpdatedAt: instant(r.updated), Version: r.version, Deleted: r.deleted, ForgetAt: forgetAt(r.forget),
	}, errors.Join(err1, err2, err3)
}

// forgetAt is an instant that may be missing.
func forgetAt(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return instant(ms)
}

// encodeLists fills in the columns that need encoding.
func (r *row) encodeLists(d *dialog.Dialog) error {
	var err1, err2 error
	r.custom = encodeCustom(d.Custom)
	r.admins, err1 = encodeUsers(d.Admins)
	r.occupants, err2 = encodeUsers(d.Occupants)
	return errors.Join(err1, err2)
}

// rowColumnsAt are the position at which a statement reads, and rowColumns.
const rowColumnsAt = "(" + selectPosition + "), " + rowColumns

// scanAt reads rows of rowColumnsAt, and closes them. It returns the dialogs, their
// numbers and the position.
func scanAt(rows *sql.Rows) (list []dialog.Dialog, numbers []int64, position int64, err error) {
	defer rows.Close()
	var r row
	targets := append([]any{&position}, r.targets()...)
	for rows.Next() {
		if err := scan(rows, targets...); err != nil {
			return nil, nil, 0, err
		}
		d, err := r.dialog()
		if err != nil {
			return nil, nil, 0, err
		}
		list, numbers = append(list, d), append(numbers, r.n)
	}
	return list, numbers, position, rows.Err()
}

// scanDialogs reads rows of rowColumns, and closes them.
func scanDialogs(rows *sql.Rows) ([]dialog.Dialog, error) {
	defer rows.Close()
	var list []dialog.Dialog
	var r row
	targets := r.targets()
	for rows.Next() {
		if err := scan(rows, targets...); err != nil {
			return nil, err
		}
		d, err := r.dialog()
		if err != nil {
			return nil, err
		}
		list = append(list, d)
	}
	return list, rows.Err()
}

const recordColumns = "version, kind, at, user, api_key, key, input_hash, detail"

// scanRecords reads rows of recordColumns, and closes them.
func scanRecords(rows *sql.Rows) ([]dialog.Record, error) {
	defer rows.Close()
	var list []dialog.Record
	for rows.Next() {
		var r dialog.Record
		var at int64
		var text string
		if err := scan(rows, &r.Version, &r.Kind, &at, &r.Actor.User, &r.Actor.APIKey, &r.Key, &r.InputHash, &text); err != nil {
			return nil, err
		}
		if err := decodeDetail(text, &r); err != nil {
			return nil, err
		}
		r.At = instant(at)
		list = append(list, r)
	}
	return list, rows.Err()
}

// scanIDs adds rows of ids to a set, and closes them.
func scanIDs(rows *sql.Rows, to map[dialog.ID]bool) error {
	defer rows.Close()
	for rows.Next() {
		var id []byte
		if err := scan(rows, &id); err != nil {
			return err
		}
		to[decodeID(id)] = true
	}
	return rows.Err()
}
