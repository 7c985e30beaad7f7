package dialogtest

import (
	"errors"
	"strings"
	"testing"

	"dialogs/dialog"
)

// A Credential is how a caller comes.
type Credential string

// The ways to come.
const (
	// Session is a user with a session token.
	Session Credential = "session"
	// OnBehalf is a user whom an API key acts for.
	OnBehalf Credential = "on-behalf-of"
	// Key is a server: an API key that acts for nobody.
	Key Credential = "key"
	// None is an anonymous caller.
	None Credential = "none"
)

// A Cell is one case of the decision table.
type Cell struct {
	Type       dialog.Type
	Act        string
	Credential Credential
	// Standing is what the caller is to the dialog, by what he is asked to be
	// and not by what the domain makes of him.
	Standing dialog.Standing
	Want     Verdict
}

// A Verdict is what became of a change.
type Verdict struct {
	// Code is zero when the change was allowed.
	Code dialog.Code
	// Field is blamed when the change is malformed, Denial explains when it
	// is forbidden.
	Field  string
	Denial *dialog.Denial
}

// VerdictOf reads the verdict out of an error, which must be one of the
// domain or nil.
func VerdictOf(t testing.TB, err error) Verdict {
	t.Helper()
	if err == nil {
		return Verdict{}
	}
	var e *dialog.Error
	if !errors.As(err, &e) {
		t.Fatalf("got the error %v, want one of the domain", err)
	}
	return Verdict{Code: e.Code, Field: e.Field, Denial: e.Denial}
}

// Name tells the cell from every other, as the name of a sub-test.
func (c Cell) Name() string {
	standing := c.Standing.String()
	if c.Credential == None {
		standing = "ANONYMOUS"
	}
	words := []string{typeName(c.Type), c.Act, standing, string(c.Credential)}
	return strings.ReplaceAll(strings.Join(words, "/"), " ", "_")
}

func typeName(t dialog.Type) string {
	return strings.ToUpper(strings.ReplaceAll(t.String(), " ", "_"))
}

// Caller is who asks, among these people.
func (c Cell) Caller(p People) dialog.Caller {
	switch c.Credential {
	case Session:
		return dialog.Caller{User: p.With(c.Standing)}
	case OnBehalf:
		return dialog.Caller{User: p.With(c.Standing), APIKey: KeyName}
	case Key:
		return dialog.Caller{APIKey: KeyName}
	}
	return dialog.Caller{}
}

// Change is what is asked for; not ok when the cell only looks.
func (c Cell) Change(p People) (change dialog.Change, ok bool) {
	return asked(c.Act, c.Type, p, c.Caller(p).User)
}

// Table lists every cell: each thing to ask for, by each standing and each
// credential that can come with it, of each type of dialog.
func Table(t testing.TB) []Cell {
	t.Helper()
	lines := strings.Split(strings.Trim(table, "\n"), "\n")
	standings := columns(lines[1])
	var cells []Cell
	for _, line := range lines[2:] {
		row := columns(line)
		if len(row) != 7 {
			t.Fatalf("the table's row has %d columns, want 7: %s", len(row), line)
		}
		if _, ok := asked(row[0], 0, People{}, ""); !ok && row[0] != "see" {
			t.Fatalf("nothing in package dialogtest asks for %q", row[0])
		}
		for i, dialogType := range []dialog.Type{dialog.PublicGroup, dialog.Group, dialog.Private} {
			who, verdicts := strings.Fields(standings[1+i]), strings.Fields(row[1+i])
			if len(who) != len(verdicts) {
				t.Fatalf("the table's row has %d verdicts for a %s, want %d: %s", len(verdicts), dialogType, len(who), line)
			}
			for j, word := range verdicts {
				if word == "-" {
					continue
				}
				cell := Cell{Type: dialogType, Act: row[0], Standing: standingOf(who[j])}
				cell.Want = verdict(t, word, cell.Standing, row[4], row[5], row[6])
				for _, cell.Credential = range credentials(who[j]) {
					cells = append(cells, cell)
				}
			}
		}
	}
	return cells
}

func columns(line string) []string {
	columns := strings.Split(line, "|")
	for i := range columns {
		columns[i] = strings.TrimSpace(columns[i])
	}
	return columns
}

func credentials(who string) []Credential {
	switch who {
	case "server":
		return []Credential{Key}
	case "anon":
		return []Credential{None}
	}
	return []Credential{Session, OnBehalf}
}

// verdict spells a word of the table out.
func verdict(t testing.TB, word string, standing dialog.Standing, rule, allowed, field string) Verdict {
	t.Helper()
	switch word {
	case "yes":
		return Verdict{}
	case "no":
		d := &dialog.Denial{Rule: rule, Standing: standing}
		for _, who := range strings.Fields(allowed) {
			d.Allowed = append(d.Allowed, standingOf(who))
		}
		return Verdict{Code: dialog.Forbidden, Denial: d}
	case "see":
		return Verdict{Code: dialog.Forbidden, Denial: &dialog.Denial{
			Rule: "see", Standing: dialog.StandingOutsider,
			Allowed: []dialog.Standing{dialog.StandingOwner, dialog.StandingAdmin, dialog.StandingOccupant},
		}}
	case "bad":
		return Verdict{Code: dialog.Invalid, Field: field}
	case "401":
		return Verdict{Code: dialog.Unauthenticated}
	}
	t.Fatalf("the table has the unknown verdict %q", word)
	return Verdict{}
}

func standingOf(who string) dialog.Standing {
	for s := dialog.StandingServer; s <= dialog.StandingOutsider; s++ {
		if strings.EqualFold(s.String(), who) {
			return s
		}
	}
	return 0 // of an anonymous caller
}
