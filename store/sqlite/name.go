package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"strings"

	"modernc.org/sqlite"

	"dialogs/dialog"
)

// The column folded has the keys of names ([dialog.NameKey]). An earlier version
// of the program may have written some of them, and may write more while this
// one runs: for those rows, statements compute the key with an SQL function.

// nameKey is the key of a dialog's name, no matter which version has stored it.
const nameKey = "CASE WHEN " + currentKey + " THEN d.folded ELSE name_key(d.name) END"

// The keys that this version has stored, and the others in two ranges.
const (
	currentKey = "(d.folded = '' OR d.folded >= '" + dialog.NameKeyPrefix + "' AND d.folded < '" + dialog.NameKeyEnd + "')"
	lowerKeys  = "d.folded > '' AND d.folded < '" + dialog.NameKeyPrefix + "'"
	upperKeys  = "d.folded >= '" + dialog.NameKeyEnd + "'"
)

// oldNames selects rows whose keys an earlier version has stored, as many as its
// argument says.
func oldNames() string {
	var ranges []string
	for _, t := range []dialog.Type{dialog.PublicGroup, dialog.Group, dialog.Private} {
		for _, keys := range []string{lowerKeys, "d.folded >= '" + dialog.NameKeyUnversioned + "'"} {
			ranges = append(ranges, fmt.Sprintf("SELECT d.n FROM dialog d INDEXED BY dialog_folded WHERE d.type = %d AND d.deleted = 0 AND %s", t, keys))
		}
	}
	return "SELECT n FROM (" + strings.Join(ranges, " UNION ALL ") + ") LIMIT ?"
}

// folding counts the characters in front of the folded name in a key.
const folding = len(dialog.NameKeyPrefix)

// nameContains is the condition that the folded name has this part.
func nameContains(part string) condition {
	return when(fmt.Sprintf("instr(substr(%s, %d), ?)", nameKey, folding+1), part)
}

// keyFunction adds the function that computes the key of a name.
func keyFunction(d *sqlite.Driver) error {
	return d.RegisterDeterministicScalarFunction("name_key", 1, func(_ *sqlite.FunctionContext, args []driver.Value) (driver.Value, error) {
		name, ok := args[0].(string)
		if !ok {
			return nil, fmt.Errorf("name_key of a %T, not a text", args[0])
		}
		return dialog.NameKey(name), nil
	})
}

// openDatabase opens connections by the name of a source, with the functions of
// this package.
func openDatabase(source string) (*sql.DB, error) {
	c := &connector{source: source, driver: &sqlite.Driver{}}
	if err := keyFunction(c.driver); err != nil {
		return nil, err
	}
	// SQLite's own builds commit with fdatasync where there is one: only the times of the
	// files are not waited for. The error says that there is none.
	_, _ = sqlite.Fdatasync(true)
	return sql.OpenDB(c), nil
}

type connector struct {
	source string
	driver *sqlite.Driver
}

func (c *connector) Connect(context.Context) (driver.Conn, error) { return c.driver.Open(c.source) }
func (c *connector) Driver() driver.Driver                        { return c.driver }

// foldNames stores current keys for names that an earlier version has folded, as
// many as one job may take.
func (w *writer) foldNames() error {
	return w.exec("UPDATE dialog SET folded = name_key(name) WHERE n IN ("+oldNames()+")", sweepMost)
}
