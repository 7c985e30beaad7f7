package sqlite_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dialogs/dialog"
	"dialogs/dialog/dialogtest"
	"dialogs/store/memory"
	"dialogs/store/sqlite"
	"dialogs/store/storetest"
)

// TestDocumentsAreBounded: the dialogs of lists take no more memory than they may, and
// one that would take much of it is not kept.
func TestDocumentsAreBounded(t *testing.T) {
	const most = 64 << 10
	s := open(t, t.TempDir(), sqlite.Options{Documents: most})
	defer closing(t, s)
	groups(t, s, 300, "o", "u")
	for _, text := range []string{"small", strings.Repeat("large", most/64)} {
		for n := range 300 {
			p := rename(benchID(n), "renamed")
			p.Photo = dialog.Some(text)
			if _, err := s.Update(t.Context(), p); err != nil {
				t.Fatal(err)
			}
		}
		for range 2 {
			list, err := s.Dialogs(t.Context(), newest("u", 300))
			if err != nil || len(list) != 300 || list[0].Photo != text {
				t.Fatalf("%d dialogs, %v", len(list), err)
			}
		}
		dialogs, bytes := s.DocumentsInMemory()
		if text == "small" && dialogs < 50 || text != "small" && dialogs > 0 || bytes > most || dialogs == 0 && bytes != 0 {
			t.Errorf("%d dialogs take %d bytes", dialogs, bytes)
		}
	}
}

// TestDocumentsKeepNoRequest: the texts of a request can be parts of its document, which must
// not stay in memory with the dialogs that it changed.
func TestDocumentsKeepNoRequest(t *testing.T) {
	request := strings.Repeat("x", 1000) + `name photo v w Task text "field"`
	part := func(text string) string { return request[strings.LastIndex(request, text):][:len(text)] }
	s := open(t, t.TempDir(), sqlite.Options{})
	defer closing(t, s)
	groups(t, s, 1, "o", "u")
	id := benchID(0)
	for name, change := range map[string]func(*dialog.Plan){
		"texts":  func(p *dialog.Plan) { p.Name, p.Photo = dialog.Some(part("name")), dialog.Some(part("photo")) },
		"people": func(p *dialog.Plan) { p.AddOccupants = []dialog.UserID{dialog.UserID(part("v"))} },
		"admin": func(p *dialog.Plan) {
			p.AddOccupants, p.AddAdmins = []dialog.UserID{"w"}, []dialog.UserID{dialog.UserID(part("w"))}
		},
		"custom": func(p *dialog.Plan) {
			p.Custom = []dialog.FieldChange{{Class: part("Task"), Field: part("text"), Value: dialog.Value(part(`"field"`))}}
		},
		"owner": func(p *dialog.Plan) {
			p.AddOccupants, p.NewOwner = []dialog.UserID{"name"}, dialog.UserID(part("name"))
		},
	} {
		p := rename(id, "renamed")
		p.Name.Given = false
		change(&p)
		if _, err := s.Update(t.Context(), p); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if s.KeepsPartOf(id, request) {
			t.Errorf("%s: the dialog in memory keeps the request", name)
		}
	}
	if dialogs, _ := s.DocumentsInMemory(); dialogs != 1 {
		t.Errorf("%d dialogs are in memory", dialogs)
	}
}

// TestDocumentsAreCurrent: a page whose dialogs are in memory has each kind of change
// at once, of this process and of another one.
func TestDocumentsAreCurrent(t *testing.T) {
	dir := t.TempDir()
	s, other := open(t, dir, sqlite.Options{}), open(t, dir, sqlite.Options{})
	defer closing(t, s)
	defer closing(t, other)
	groups(t, s, 10, "o", "u")
	id := benchID(3)
	for name, change := range map[string]func(*dialog.Plan){
		"name":    func(p *dialog.Plan) { p.Name = dialog.Some("another") },
		"photo":   func(p *dialog.Plan) { p.Photo = dialog.Some("photo") },
		"joining": func(p *dialog.Plan) { p.AddOccupants = []dialog.UserID{"v"} },
		"leaving": func(p *dialog.Plan) { p.RemoveOccupants = []dialog.UserID{"v"} },
		"custom": func(p *dialog.Plan) {
			p.Custom = []dialog.FieldChange{{Class: "Task", Field: "text", Value: dialog.Value(`"x"`)}}
		},
	} {
		for i, writer := range []*sqlite.Store{s, other} {
			if _, err := s.Dialogs(t.Context(), newest("u", 10)); err != nil {
				t.Fatal(err)
			}
			if dialogs, _ := s.DocumentsInMemory(); i == 0 && dialogs < 9 {
				t.Errorf("%s: %d dialogs are in memory", name, dialogs)
			}
			p := rename(id, fmt.Sprint("name ", i))
			change(&p)
			if _, err := writer.Update(t.Context(), p); err != nil {
				t.Fatal(err)
			}
			want, err := other.Dialog(t.Context(), id, false)
			if err != nil {
				t.Fatal(err)
			}
			list, err := s.Dialogs(t.Context(), newest("u", 10))
			if err != nil || len(list) != 10 {
				t.Fatalf("%d dialogs, %v", len(list), err)
			}
			if diff := cmp.Diff(want, list[0]); diff != "" {
				t.Errorf("%s: %s", name, diff)
			}
		}
	}
}

// checked is a store whose dialogs in memory are compared with the rows after each
// change.
type checked struct {
	*sqlite.Store
	tb testing.TB
}

func (c checked) Update(ctx context.Context, p dialog.Plan) (dialog.Outcome, error) {
	out, err := c.Store.Update(ctx, p)
	if wrong := c.WrongDocuments(ctx); wrong != nil {
		c.tb.Errorf("after %+v by %v: %v", p.ID, p.Caller, wrong)
	}
	return out, err
}

// TestDocumentsAreAsStored: what is kept of a change is what would be read, down to
// empty lists.
func TestDocumentsAreAsStored(t *testing.T) {
	model := memory.NewDatabase()
	dir := t.TempDir()
	storetest.Differential(t, 3, dialogtest.Times(200, 2000), func(testing.TB) dialog.Store { return model.Open() },
		func(t testing.TB) dialog.Store { return checked{open(t, dir, sqlite.Options{}), t} })
}
