package dialogtest

import (
	"context"
	"errors"
	"strings"
	"testing"

	"dialogs/dialog"
)

// A Credential is how a caller signs in.
type Credential string

// The credentials.
const (
	// Session is a user with a session token.
	Session Credential = "session"
	// OnBehalf is an API key on behalf of a user.
	OnBehalf Credential = "on-behalf-of"
	// Key is an API key without a user: a server.
	Key Credential = "key"
	// None is not a credential: an anonymous caller.
	None Credential = "none"
)

// A Cell is one case of the decision table.
type Cell struct {
	Type       dialog.Type
	Act        string
	Credential Credential
	// Standing is what the caller is to the dialog, as the table says.
	Standing dialog.Standing
	Want     Verdict
}

// A Verdict is the result of a request.
type Verdict struct {
	// Code is zero when it was allowed.
	Code dialog.Code
	// Message is the sentence that the caller gets.
	Message string
	// Field is the input to blame when the input is invalid.
	Field string
	// Denial explains why it is forbidden.
	Denial *dialog.Denial
}

// VerdictOf is the verdict of an error, which must be nil or an error of the
// domain.
func VerdictOf(t testing.TB, err error) Verdict {
	t.Helper()
	if err == nil {
		return Verdict{}
	}
	var e *dialog.Error
	if !errors.As(err, &e) {
		t.Errorf("got the error %v, want one of the domain", err)
		return Verdict{}
	}
	return Verdict{Code: e.Code, Message: e.Message, Field: e.Field, Denial: e.Denial}
}

// Name is the cell's unique name, for a sub-test.
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

// Caller returns the caller, among these people.
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

// Change returns the requested change; it is not ok when the cell only reads.
func (c Cell) Change(p People) (change dialog.Change, ok bool) {
	return asked(c.Act, c.Type, p, c.Caller(p).User)
}

// Table lists every cell: each request, by each standing with each credential
// that it can have, for each type of dialog.
func Table(t testing.TB) []Cell {
	t.Helper()
	lines := strings.Split(strings.Trim(table, "\n"), "\n")
	standings := columns(lines[1])
	messages := messagesByAct()
	var cells []Cell
	for _, line := range lines[2:] {
		row := columns(line)
		if len(row) != 7 {
			t.Fatalf("the table's row has %d columns, want 7: %s", len(row), line)
		}
		if _, ok := asked(row[0], 0, People{}, ""); !ok && row[0] != "see" {
			t.Fatalf("package dialogtest has no change for %q", row[0])
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
				cell.Want = verdict(t, word, cell, row[4], row[5], row[6])
				cell.Want.Message = message(word, cell, messages[row[0]])
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

// verdict is what a word of the table means, without the message.
func verdict(t testing.TB, word string, cell Cell, rule, allowed, field string) Verdict {
	t.Helper()
	switch word {
	case "yes":
		return Verdict{}
	case "no":
		d := &dialog.Denial{Rule: rule, Standing: cell.Standing}
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

// messagesByAct are the columns of sentences, by the name of their row.
func messagesByAct() map[string][]string {
	byAct := map[string][]string{}
	for _, line := range strings.Split(strings.Trim(sentences, "\n"), "\n") {
		row := columns(line)
		byAct[row[0]] = row[1:]
	}
	return byAct
}

// message is the sentence that goes with a word of the table.
func message(word string, cell Cell, sentences []string) string {
	switch word {
	case "no":
		you := map[dialog.Standing]string{
			dialog.StandingAdmin: "an admin", dialog.StandingOccupant: "an occupant", dialog.StandingOutsider: "not a member",
		}
		return sentences[0] + "; you are " + you[cell.Standing]
	case "see":
		return "only the owner, an admin or an occupant may see this dialog; you are not a member"
	case "bad":
		return strings.ReplaceAll(sentences[1], "TYPE", cell.Type.String())
	case "401":
		return "authentication required: send QB-Token or Authorization"
	}
	return ""
}

func standingOf(who string) dialog.Standing {
	for s := dialog.StandingServer; s <= dialog.StandingOutsider; s++ {
		if strings.EqualFold(s.String(), who) {
			return s
		}
	}
	return 0 // an anonymous caller
}

// Ask makes the cell's request about the dialog with this id.
func (c Cell) Ask(ctx context.Context, service *dialog.Service, p People, id dialog.ID) error {
	caller := c.Caller(p)
	change, changes := c.Change(p)
	if !changes {
		_, err := service.Dialog(ctx, caller, string(id), false)
		return err
	}
	_, err := service.Update(ctx, caller, string(id), change)
	return err
}
