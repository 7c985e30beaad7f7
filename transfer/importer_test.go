package transfer_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"dialogs/dialog"
	"dialogs/store/memory"
	"dialogs/transfer"
)

// elsewhere is when the dialogs of these tests were created in the other service.
var elsewhere = time.Date(2019, 9, 8, 17, 24, 11, 0, time.UTC)

// A list is a source with these dialogs. At the end, it returns its error, if it has one.
type list struct {
	foreign []dialog.Foreign
	err     error
}

func (l *list) Next() (dialog.Foreign, error) {
	if len(l.foreign) == 0 {
		if l.err != nil {
			return dialog.Foreign{}, l.err
		}
		return dialog.Foreign{}, io.EOF
	}
	f := l.foreign[0]
	l.foreign = l.foreign[1:]
	if f.Type == 0 {
		return f, dialog.InvalidInput("", "cannot be read")
	}
	return f, nil
}

func id(n int) string { return fmt.Sprintf("%024x", n) }

func foreign(n int, change func(*dialog.Foreign)) dialog.Foreign {
	f := dialog.Foreign{CreatedAt: elsewhere, UpdatedAt: elsewhere.Add(time.Hour), Creation: dialog.Creation{
		ID: dialog.Some(id(n)), Type: dialog.Group, Name: dialog.Some("Party"), Photo: dialog.Some("68123"),
		Owner: dialog.Some(dialog.UserID("a")), Occupants: []dialog.UserID{"a", "b", "c"}, Admins: []dialog.UserID{"b"},
		Custom: []dialog.CustomInput{{Class: "Card", Fields: map[string]any{"level": int64(n), "place": []any{13.4, 52.5}}}},
	}}
	change(&f)
	return f
}

func asIs(*dialog.Foreign) {}

func private(a, b dialog.UserID) func(*dialog.Foreign) {
	return func(f *dialog.Foreign) {
		f.Creation = dialog.Creation{ID: f.ID, Type: dialog.Private, Owner: dialog.Some(a), Occupants: []dialog.UserID{a, b}}
	}
}

// An imported is a store with an importer.
type imported struct {
	testing.TB
	store     dialog.Store
	overwrite bool
	refused   map[string]string
	done      []int
}

func newImported(t testing.TB) *imported {
	t.Helper()
	store := memory.NewStore()
	saved, err := store.SaveClass(t.Context(), dialog.Class{Name: "Card", Revision: 1, Fields: []dialog.Field{
		{Name: "level", Type: dialog.Integer}, {Name: "place", Type: dialog.Location},
	}})
	if err != nil || !saved {
		t.Fatal(saved, err)
	}
	return &imported{TB: t, store: store}
}

func (i *imported) importer(store dialog.Store) transfer.Importer {
	i.refused, i.done = map[string]string{}, nil
	return transfer.Importer{
		Store: store, Policy: dialog.DefaultPolicy(dialog.DefaultLimits()), Actor: "import", Overwrite: i.overwrite,
		Refused:  func(id string, why error) { i.refused[id] = why.Error() },
		Progress: func(done int) { i.done = append(i.done, done) },
	}
}

// bring imports dialogs and checks the report.
func (i *imported) bring(want transfer.ImportReport, dialogs ...dialog.Foreign) {
	i.Helper()
	dry := i.importer(i.store)
	dry.DryRun = true
	for _, importer := range []transfer.Importer{dry, i.importer(i.store)} {
		got, err := importer.Import(i.Context(), &list{foreign: dialogs})
		if err != nil {
			i.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			i.Errorf("dry run %v: another report (-want +got):\n%s\nrefused: %v", importer.DryRun, diff, i.refused)
		}
	}
}

// dialog reads a dialog with its history.
func (i *imported) dialog(n int) dialog.Dialog {
	i.Helper()
	d, err := i.store.Dialog(i.Context(), dialog.ID(id(n)), true)
	if err != nil {
		i.Fatal(err)
	}
	return d
}

func TestImport(t *testing.T) {
	i := newImported(t)
	public := func(f *dialog.Foreign) { f.Type, f.Occupants = dialog.PublicGroup, nil }
	all := []dialog.Foreign{foreign(1, asIs), foreign(2, public), foreign(3, private("a", "b"))}
	i.bring(transfer.ImportReport{Created: 3}, all...)
	whole := dialog.Dialog{
		ID: dialog.ID(id(1)), Type: dialog.Group, Name: "Party", Photo: "68123", Owner: "a",
		Occupants: []dialog.UserID{"a", "b", "c"}, Admins: []dialog.UserID{"b"},
		Custom:    dialog.CustomData{"Card": {"level": "1", "place": "[13.4,52.5]"}},
		CreatedAt: elsewhere, UpdatedAt: elsewhere.Add(time.Hour), Version: 1,
		History: []dialog.Record{{
			Version: 1, Kind: dialog.Created, Actor: dialog.Actor{APIKey: "import"}, At: elsewhere,
			Joined: []dialog.UserID{"a", "b", "c"}, NewAdmins: []dialog.UserID{"b"},
		}},
	}
	if diff := cmp.Diff(whole, i.dialog(1)); diff != "" {
		t.Errorf("another dialog (-want +got):\n%s", diff)
	}
	i.bring(transfer.ImportReport{Same: 3}, all...)
	if diff := cmp.Diff(whole, i.dialog(1)); diff != "" {
		t.Errorf("another dialog the second time (-want +got):\n%s", diff)
	}
}

// TestImportChanges imports dialogs that already exist with other content: because the
// source has changed, or because they were changed here.
func TestImportChanges(t *testing.T) {
	late := elsewhere.Add(48 * time.Hour)
	for _, tt := range []struct {
		reason string
		from   func(*dialog.Foreign)
		to     func(*dialog.Foreign)
	}{
		{"a name", asIs, func(f *dialog.Foreign) { f.Name = dialog.Some("Dinner") }},
		{"a photo", asIs, func(f *dialog.Foreign) { f.Photo = dialog.Some("5") }},
		{"no photo", asIs, func(f *dialog.Foreign) { f.Photo = dialog.Optional[string]{} }},
		{"people", asIs, func(f *dialog.Foreign) { f.Occupants, f.Admins = []dialog.UserID{"d", "a"}, []dialog.UserID{"d"} }},
		{"an owner who stays", asIs, func(f *dialog.Foreign) { f.Owner.Value, f.Admins = "b", []dialog.UserID{"a"} }},
		{"an owner who went", asIs, func(f *dialog.Foreign) { f.Owner.Value, f.Occupants, f.Admins = "c", []dialog.UserID{"b", "c"}, nil }},
		{"an owner who left it to somebody", asIs, func(f *dialog.Foreign) { f.Occupants = []dialog.UserID{"c", "b"} }},
		{"custom data", asIs, func(f *dialog.Foreign) { f.Custom[0].Fields = map[string]any{"level": int64(9)} }},
		{"custom data of a private dialog", func(f *dialog.Foreign) { custom := f.Custom; private("a", "b")(f); f.Custom = custom }, func(f *dialog.Foreign) {
			private("a", "b")(f)
			f.Custom = []dialog.CustomInput{{Class: "Card", Fields: map[string]any{"level": int64(9)}}}
		}},
		{"as many people as there may be", asIs, func(f *dialog.Foreign) {
			for n := range 997 {
				f.Occupants = append(f.Occupants, dialog.UserID(fmt.Sprint(n)))
			}
		}},
		{"everybody else", func(f *dialog.Foreign) {
			for n := range 900 {
				f.Occupants = append(f.Occupants, dialog.UserID(fmt.Sprint(n)))
			}
		}, func(f *dialog.Foreign) {
			f.Owner.Value, f.Occupants, f.Admins = "x", []dialog.UserID{"x", "y"}, []dialog.UserID{"y"}
		}},
	} {
		t.Run(tt.reason, func(t *testing.T) {
			i := newImported(t)
			i.bring(transfer.ImportReport{Created: 1}, foreign(1, tt.from))
			changed := func(f *dialog.Foreign) { tt.to(f); f.UpdatedAt = late }
			i.bring(transfer.ImportReport{Changed: 1}, foreign(1, changed))
			i.bring(transfer.ImportReport{Same: 1}, foreign(1, changed))
			d := i.dialog(1)
			if d.Version != 2 || !d.UpdatedAt.Equal(late) || d.History[1].Actor.APIKey != "import" {
				t.Errorf("got version %d of %v by %+v, want one change more, of %v, by the import", d.Version, d.UpdatedAt, d.History[1].Actor, late)
			}
			report, err := i.importer(i.store).Verify(t.Context(), &list{foreign: []dialog.Foreign{foreign(1, changed)}}, func(id string, fields []string) {
				t.Errorf("%s differs in %v", id, fields)
			})
			if err != nil || report != (transfer.VerifyReport{Same: 1}) {
				t.Errorf("got %+v and error %v, want it the same", report, err)
			}
		})
	}
}

// TestImportLeavesOtherClasses keeps custom data of classes that the source does not have.
func TestImportLeavesOtherClasses(t *testing.T) {
	i := newImported(t)
	if _, err := i.store.SaveClass(t.Context(), dialog.Class{Name: "Own", Revision: 1, Fields: []dialog.Field{{Name: "n", Type: dialog.Integer}}}); err != nil {
		t.Fatal(err)
	}
	i.bring(transfer.ImportReport{Created: 1}, foreign(1, asIs))
	service := dialog.NewService(i.store, dialog.DefaultPolicy(dialog.DefaultLimits()), time.Now, nil)
	change := dialog.Change{Custom: []dialog.CustomInput{{Class: "Own", Fields: map[string]any{"n": int64(1)}}}}
	if _, err := service.Update(t.Context(), dialog.Caller{User: "a"}, id(1), change); err != nil {
		t.Fatal(err)
	}
	i.bring(transfer.ImportReport{Same: 1}, foreign(1, asIs))
	i.overwrite = true
	i.bring(transfer.ImportReport{Changed: 1}, foreign(1, func(f *dialog.Foreign) { f.Name = dialog.Some("Dinner") }))
	if got := i.dialog(1).Custom["Own"]["n"]; got != "1" {
		t.Errorf("got %q, want the data of the other class left as it is", got)
	}
}

// TestImportChangedHere keeps dialogs that were changed here, unless Overwrite is set.
func TestImportChangedHere(t *testing.T) {
	i := newImported(t)
	named := func(name string) dialog.Foreign {
		return foreign(1, func(f *dialog.Foreign) { f.Name = dialog.Some(name) })
	}
	rename := func(caller dialog.Caller, name string) {
		t.Helper()
		service := dialog.NewService(i.store, dialog.DefaultPolicy(dialog.DefaultLimits()), time.Now, nil)
		if _, err := service.Update(t.Context(), caller, id(1), dialog.Change{Name: dialog.Some(name)}); err != nil {
			t.Fatal(err)
		}
	}
	i.bring(transfer.ImportReport{Created: 1}, named("Party"))
	for _, caller := range []dialog.Caller{{User: "b"}, {APIKey: "backend"}, {APIKey: "import", User: "a"}} {
		rename(caller, "Ours")
		i.overwrite = false
		i.bring(transfer.ImportReport{Refused: 1}, named("Theirs"))
		if why := i.refused[id(1)]; !strings.Contains(why, "changed here") {
			t.Errorf("refused are %v", i.refused)
		}
		i.bring(transfer.ImportReport{Same: 1}, named("Ours"))
		if d := i.dialog(1); d.Name != "Ours" {
			t.Errorf("got the name %q, want that of %+v left", d.Name, caller)
		}
		i.overwrite = true
		i.bring(transfer.ImportReport{Changed: 1}, named("Theirs"))
		i.overwrite = false // the dialog is again the same as in the source
		i.bring(transfer.ImportReport{Changed: 1}, named("Later"))
	}
}

// A meddling store changes a dialog after the importer has read it and before it updates
// it.
type meddling struct {
	dialog.Store
	meddle func()
}

func (m *meddling) Update(ctx context.Context, p dialog.Plan) (dialog.Outcome, error) {
	m.meddle()
	return m.Store.Update(ctx, p)
}

// TestImportMeanwhile: a dialog that a user changes or deletes during the import is
// refused.
func TestImportMeanwhile(t *testing.T) {
	for _, change := range []dialog.Change{{Name: dialog.Some("Ours")}, {Delete: true}} {
		i := newImported(t)
		i.bring(transfer.ImportReport{Created: 1}, foreign(1, asIs))
		store := &meddling{Store: i.store, meddle: func() {
			service := dialog.NewService(i.store, dialog.DefaultPolicy(dialog.DefaultLimits()), time.Now, nil)
			if _, err := service.Update(t.Context(), dialog.Caller{User: "a"}, id(1), change); err != nil {
				t.Error(err)
			}
		}}
		later := foreign(1, func(f *dialog.Foreign) { f.Name = dialog.Some("Theirs") })
		report, err := i.importer(store).Import(t.Context(), &list{foreign: []dialog.Foreign{later}})
		if err != nil || report != (transfer.ImportReport{Refused: 1}) || !strings.Contains(i.refused[id(1)], "changed here") {
			t.Errorf("%+v: got %+v and error %v, refused %v", change, report, err, i.refused)
		}
	}
}

// An endless source makes each dialog when it is asked for it, and counts them.
type endless struct {
	asked atomic.Int64
	total int
}

func (e *endless) Next() (dialog.Foreign, error) {
	n := int(e.asked.Load())
	if n == e.total {
		return dialog.Foreign{}, io.EOF
	}
	e.asked.Store(int64(n + 1))
	return foreign(n+1, asIs), nil
}

// A counting store keeps no dialogs. It counts how many were read from the source before
// they were stored.
type counting struct {
	dialog.Store
	source *endless

	mu            sync.Mutex // guards what follows
	stored, ahead int
}

func (c *counting) Dialogs(_ context.Context, q dialog.Query) ([]dialog.Dialog, error) {
	if len(q.Filter.IDs) > dialog.MaxPage {
		return nil, errors.New("asked for more than a page")
	}
	return nil, nil
}

func (c *counting) Restore(_ context.Context, dialogs []dialog.Dialog) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead = max(c.ahead, int(c.source.asked.Load())-c.stored)
	c.stored += len(dialogs)
	return nil
}

// TestImportHoldsBatches reads many dialogs, and never holds more than three batches: the
// one that is stored, and the next two.
func TestImportHoldsBatches(t *testing.T) {
	i := newImported(t)
	store := &counting{Store: i.store, source: &endless{total: 20_000}}
	report, err := i.importer(store).Import(t.Context(), store.source)
	if err != nil || report != (transfer.ImportReport{Created: 20_000}) || store.stored != 20_000 || store.ahead > 4001 {
		t.Errorf("got %+v and error %v; %d stored, %d held at once", report, err, store.stored, store.ahead)
	}
}

// TestImportPrepares: while a batch is being stored, the next one comes to the store, unless
// it depends on what is being stored.
func TestImportPrepares(t *testing.T) {
	for _, tt := range []struct {
		reason  string
		last    dialog.Foreign
		waits   bool
		refused int
	}{
		{"other dialogs", foreign(1333, asIs), false, 0},
		{"the same dialog", foreign(0, asIs), true, 0},
		{"another dialog of the same pair", foreign(1333, private("y", "x")), true, 1},
	} {
		t.Run(tt.reason, func(t *testing.T) {
			i := newImported(t)
			all := []dialog.Foreign{foreign(0, asIs), foreign(1, private("x", "y"))}
			for n := 2; n < 1333; n++ {
				all = append(all, foreign(n, asIs))
			}
			store := &gated{Store: i.store, entered: make(chan int, 2), open: make(chan struct{})}
			reported := make(chan transfer.ImportReport, 1)
			go func() {
				report, err := i.importer(store).Import(t.Context(), &list{foreign: append(all, tt.last)})
				if err != nil {
					t.Error(err)
				}
				reported <- report
			}()
			entered := <-store.entered
			if !tt.waits {
				entered += <-store.entered
			}
			if want := len(all); tt.waits && entered != want || !tt.waits && entered != want+1 {
				t.Errorf("%d dialogs came to the store at once", entered)
			}
			close(store.open)
			report := <-reported
			if got := report.Created + report.Same + report.Refused; got != 1334 || report.Refused != tt.refused || tt.refused > 0 && i.refused[id(1333)] == "" {
				t.Errorf("got %+v, refused %v", report, i.refused)
			}
			if tt.waits && store.early.Load() {
				t.Error("the second batch did not wait for the first")
			}
		})
	}
}

// A gated store begins to store dialogs once it is open.
type gated struct {
	dialog.Store
	entered chan int
	open    chan struct{}
	stored  atomic.Bool
	early   atomic.Bool // something came before the first were stored
}

func (g *gated) Restore(ctx context.Context, dialogs []dialog.Dialog) error {
	g.entered <- len(dialogs)
	if len(dialogs) < 1000 && !g.stored.Load() {
		g.early.Store(true)
	}
	<-g.open
	err := g.Store.Restore(ctx, dialogs)
	g.stored.Store(true)
	return err
}

func TestImportRefuses(t *testing.T) {
	i := newImported(t)
	i.bring(transfer.ImportReport{Created: 3}, foreign(1, asIs), foreign(2, private("a", "b")), foreign(3, private("c", "d")))
	for _, tt := range []struct {
		reason string
		f      dialog.Foreign
		why    string
	}{
		{"what can't be read", dialog.Foreign{Creation: dialog.Creation{ID: dialog.Some(id(9))}}, "cannot be read"},
		{"no name", foreign(9, func(f *dialog.Foreign) { f.Name = dialog.Optional[string]{} }), "must have a name"},
		{"an unknown class", foreign(9, func(f *dialog.Foreign) { f.Custom[0].Class = "Cord" }), "unknown custom class"},
		{"an admin who is not in", foreign(9, func(f *dialog.Foreign) { f.Admins = []dialog.UserID{"x"} }), "must also be an occupant"},
		{"more people than may be", foreign(9, func(f *dialog.Foreign) {
			for n := range 998 {
				f.Occupants = append(f.Occupants, dialog.UserID(fmt.Sprint(n)))
			}
		}), "1000"},
		{"a pair that has another dialog", foreign(9, private("b", "a")), "another private dialog"},
		{"another type", foreign(1, private("x", "y")), "another type"},
		{"another pair", foreign(2, private("a", "c")), "of other users"},
	} {
		i.bring(transfer.ImportReport{Created: 2, Refused: 1}, foreign(100, asIs), tt.f, foreign(101, private("x", "z")))
		if why := i.refused[tt.f.ID.Value]; !strings.Contains(why, tt.why) || len(i.refused) != 1 {
			t.Errorf("%s: refused are %v, want %q", tt.reason, i.refused, tt.why)
		}
		for _, n := range []int{100, 101} {
			service := dialog.NewService(i.store, dialog.DefaultPolicy(dialog.DefaultLimits()), time.Now, nil)
			if _, err := service.Update(t.Context(), dialog.Caller{APIKey: "x"}, id(n), dialog.Change{Delete: true}); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestImportMany imports more dialogs than one batch holds, some of them twice, and
// resumes an import that was interrupted.
func TestImportMany(t *testing.T) {
	i := newImported(t)
	var all []dialog.Foreign
	for n := range 950 {
		all = append(all, foreign(n, asIs))
		if n%100 == 7 {
			all = append(all, foreign(n, asIs))
		}
	}
	stopped := &failing{Store: i.store, left: 2}
	if report, err := i.importer(stopped).Import(t.Context(), &list{foreign: all}); err == nil || report.Created == 0 {
		t.Fatalf("got %+v and error %v, want it stopped in the middle", report, err)
	}
	report, err := i.importer(i.store).Import(t.Context(), &list{foreign: all})
	if err != nil || report.Created+report.Same != 960 || report.Created < 500 || report.Same < 100 {
		t.Errorf("got %+v and error %v, want the rest created", report, err)
	}
	if last := i.done[len(i.done)-1]; last != 960 {
		t.Errorf("progress was told %v", i.done)
	}
	broken := &list{foreign: all[:3], err: errors.New("the disk is gone")}
	if report, err := i.importer(i.store).Import(t.Context(), broken); err == nil || report.Same != 3 {
		t.Errorf("got %+v and error %v, want what was read before the end settled", report, err)
	}
}

func TestVerify(t *testing.T) {
	i := newImported(t)
	i.bring(transfer.ImportReport{Created: 3}, foreign(1, asIs), foreign(2, asIs), foreign(3, private("a", "b")))
	different := map[string]string{}
	report, err := i.importer(i.store).Verify(t.Context(), &list{foreign: []dialog.Foreign{
		foreign(1, asIs),
		foreign(2, func(f *dialog.Foreign) {
			f.Name, f.Photo = dialog.Some("Dinner"), dialog.Optional[string]{}
			f.Owner.Value, f.Occupants, f.Admins = "d", []dialog.UserID{"d"}, nil
			f.Custom[0].Fields = map[string]any{"level": int64(9)}
			f.CreatedAt, f.UpdatedAt = elsewhere.Add(time.Second), elsewhere.Add(2*time.Hour)
		}),
		foreign(3, asIs),
		foreign(4, asIs),
		{},
	}}, func(id string, fields []string) { different[id] = strings.Join(fields, ", ") })
	if err != nil || report != (transfer.VerifyReport{Same: 1, Different: 2, Missing: 1, Refused: 1}) {
		t.Errorf("got %+v and error %v", report, err)
	}
	if diff := cmp.Diff(map[string]string{
		id(2): "name, photo, owner, occupants, admins, custom data, created at, updated at",
		id(3): "type, name, photo, occupants, admins, custom data",
		id(4): "",
	}, different); diff != "" {
		t.Errorf("other differences (-want +got):\n%s", diff)
	}
	if d := i.dialog(2); d.Version != 1 {
		t.Errorf("verifying changed a dialog: %+v", d)
	}
}

// TestImportStoreAway stops when the store is unavailable.
func TestImportStoreAway(t *testing.T) {
	i := newImported(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := i.importer(i.store).Import(ctx, &list{foreign: []dialog.Foreign{foreign(1, asIs)}}); !dialog.IsCode(err, dialog.Unavailable) {
		t.Errorf("got error %v, want the store's", err)
	}
}
