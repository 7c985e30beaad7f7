package sqlite_test

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"dialogs/dialog"
	"dialogs/store/sqlite"
)

// benchDialogs is how many dialogs the databases of the benchmarks have.
const benchDialogs = 100_000

func benchID(n int) dialog.ID { return dialog.ID(fmt.Sprintf("%024x", n)) }

// crowded fills a new store. Each Group has four occupants out of 20,000. Every
// tenth also has the user "10000", every hundredth "1000", every two thousandth
// "50", and the oldest 10,000 "old".
func crowded(b *testing.B, typ dialog.Type) (s *sqlite.Store, dir string) {
	b.Helper()
	dir, err := os.MkdirTemp(b.TempDir(), "")
	if err != nil {
		b.Fatal(err)
	}
	s = open(b, dir, sqlite.Options{Timeout: time.Minute})
	b.Cleanup(func() { closing(b, s) })
	begin := time.Now().Add(-benchDialogs * time.Second).UTC().Truncate(time.Millisecond)
	var batch []dialog.Dialog
	for n := range benchDialogs {
		at := begin.Add(time.Duration(n) * time.Second)
		d := dialog.Dialog{
			ID: benchID(n), Type: typ, Name: fmt.Sprintf("Dialog %d", n*7919%benchDialogs), Owner: "owner",
			CreatedAt: at, UpdatedAt: at, Version: 1,
		}
		if typ == dialog.Group {
			for k := range 4 {
				d.Occupants = append(d.Occupants, dialog.UserID(fmt.Sprint("user", (n*4+k*7)%20_000)))
			}
			d.Owner = d.Occupants[0]
			for user, every := range map[dialog.UserID]int{"10000": 10, "1000": 100, "50": 2000} {
				if n%every == 0 {
					d.Occupants = append(d.Occupants, user)
				}
			}
			if n < benchDialogs/10 {
				d.Occupants = append(d.Occupants, "old")
			}
		}
		d.History = []dialog.Record{{Version: 1, Kind: dialog.Created, Actor: dialog.Actor{User: d.Owner}, At: at, Joined: d.Occupants}}
		if batch = append(batch, d); len(batch) == 2000 {
			if err := s.Restore(context.Background(), batch); err != nil {
				b.Fatal(err)
			}
			batch = batch[:0]
		}
	}
	return s, dir
}

// An updateKind is one of the ways in which the benchmark changes a dialog.
type updateKind struct {
	name string
	plan func(p *dialog.Plan, text string)
	// save is what the bare loop executes for it, on the dialog n.
	save []string
}

func updateKinds() []updateKind {
	const save = "UPDATE dialog SET version = ?2, updated_at = ?3, position = (SELECT position FROM sync) + 1, "
	return []updateKind{
		{
			"name", func(p *dialog.Plan, text string) { p.Name = dialog.Some("Name " + text) },
			[]string{save + "name = ?4, folded = ?4 WHERE n = ?1"},
		},
		{
			"photo", func(p *dialog.Plan, text string) { p.Photo = dialog.Some("photo-" + text) },
			[]string{save + "photo = ?4 WHERE n = ?1"},
		},
		{
			"occupants", func(p *dialog.Plan, text string) { p.AddOccupants = []dialog.UserID{dialog.UserID("user" + text)} },
			[]string{
				save + "occupants = json_insert(occupants, '$[#]', ?4) WHERE n = ?1",
				"INSERT OR REPLACE INTO member (user, dialog, roles) SELECT 'user' || ?4, ?1, 4 WHERE ?2 + ?3 > 0",
			},
		},
		{
			"custom", func(p *dialog.Plan, text string) {
				p.Custom = []dialog.FieldChange{{Class: "Task", Field: "text", Value: dialog.Value(`"` + text + `"`)}}
			},
			[]string{save + "custom = json_set(custom, '$.Task.text', ?4) WHERE n = ?1"},
		},
	}
}

// BenchmarkUpdate changes random dialogs, durably: name, photo, occupants and
// custom data in turn. "bare" is one writer that executes the same statements
// in a loop with one commit each, and nothing else.
func BenchmarkUpdate(b *testing.B) {
	s, dir := crowded(b, dialog.Group)
	kinds := updateKinds()
	b.Run("bare/1", func(b *testing.B) { benchBare(b, dir, kinds) })
	for _, writers := range []int{1, 8, 64} {
		b.Run(fmt.Sprintf("store/%d", writers), func(b *testing.B) { benchUpdate(b, s, writers, kinds) })
	}
	for _, kind := range kinds {
		b.Run("store/64/"+kind.name, func(b *testing.B) { benchUpdate(b, s, 64, []updateKind{kind}) })
	}
}

func benchUpdate(b *testing.B, s *sqlite.Store, writers int, kinds []updateKind) {
	var next atomic.Int64
	var all sync.WaitGroup
	before := cpu(b)
	for range writers {
		all.Go(func() {
			for n := next.Add(1); n <= int64(b.N); n = next.Add(1) {
				p := dialog.Plan{
					ID: benchID(rand.IntN(benchDialogs)), Caller: dialog.Caller{APIKey: "backend"},
					Policy: dialog.DefaultPolicy(dialog.DefaultLimits()), At: time.Now().UTC().Truncate(time.Millisecond),
				}
				kinds[n%int64(len(kinds))].plan(&p, fmt.Sprint(rand.IntN(20_000)))
				if _, err := s.Update(context.Background(), p); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "updates/s")
	b.ReportMetric(float64((cpu(b)-before).Microseconds())/float64(b.N), "cpu-µs/op")
}

// cpu is the CPU time of this process so far.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func benchBare(b *testing.B, dir string, kinds []updateKind) {
	w := newBareWriter(b, dir)
	turn := 0
	for b.Loop() {
		if err := w.change(benchID(rand.IntN(benchDialogs)), kinds[turn%len(kinds)]); err != nil {
			b.Fatal(err)
		}
		turn++
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "updates/s")
}

// A bareWriter executes the statements of changes with one commit each, and nothing else.
type bareWriter struct {
	db       *sql.DB
	prepared map[string]*sql.Stmt
}

func newBareWriter(b *testing.B, dir string) *bareWriter {
	b.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, "dialogs.db")+
		"?_synchronous=FULL&_busy_timeout=10000&_pragma=cache_size(-16384)&_pragma=wal_autocheckpoint(4000)")
	if err != nil {
		b.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	w := &bareWriter{db, map[string]*sql.Stmt{}}
	b.Cleanup(func() {
		for _, stmt := range w.prepared {
			_ = stmt.Close()
		}
		_ = db.Close()
	})
	return w
}

func (w *bareWriter) prepare(query string) (stmt *sql.Stmt, err error) {
	if stmt = w.prepared[query]; stmt == nil {
		stmt, err = w.db.Prepare(query)
		w.prepared[query] = stmt
	}
	return stmt, err
}

func (w *bareWriter) change(dialogID dialog.ID, kind updateKind) error {
	id, err := hex.DecodeString(string(dialogID))
	if err != nil {
		return err
	}
	text, now := fmt.Sprint(rand.IntN(20_000)), time.Now().UnixMilli()
	exec := func(query string, args ...any) {
		stmt, failed := w.prepare(query)
		if failed == nil {
			_, failed = stmt.Exec(args...)
		}
		err = errors.Join(err, failed)
	}
	exec("BEGIN IMMEDIATE")
	load, err := w.prepare("SELECT n, id, type, deleted, version, created_at, updated_at, owner, name, custom, photo, admins, occupants FROM dialog WHERE id = ?")
	if err != nil {
		return err
	}
	var n, version int64
	var skip any
	if err := load.QueryRow(id).Scan(&n, &skip, &skip, &skip, &version, &skip, &skip, &skip, &skip, &skip, &skip, &skip, &skip); err != nil {
		return err
	}
	version++
	for _, statement := range kind.save {
		exec(statement, n, version, now, text)
	}
	exec("INSERT INTO change (dialog, version, kind, at, user, api_key, key, input_hash, detail) VALUES (?, ?, 2, ?, '', 'backend', '', '', ?)",
		n, version, now, `{"changed":[1],"name":"`+text+`"}`)
	if version > dialog.HistoryKept {
		exec("DELETE FROM change WHERE dialog = ? AND version <= ?", n, version-dialog.HistoryKept)
	}
	exec("UPDATE sync SET position = position + 1") // by which the store notices the change
	exec("COMMIT")
	return err
}

// BenchmarkGet reads random dialogs, alone and from 8 sides at once.
func BenchmarkGet(b *testing.B) {
	s, _ := crowded(b, dialog.Group)
	for _, history := range []bool{false, true} {
		b.Run(fmt.Sprintf("history=%v", history), func(b *testing.B) {
			for b.Loop() {
				if _, err := s.Dialog(b.Context(), benchID(rand.IntN(benchDialogs)), history); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("parallel", func(b *testing.B) {
		b.SetParallelism(4)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if _, err := s.Dialog(b.Context(), benchID(rand.IntN(benchDialogs)), false); err != nil {
					b.Error(err)
				}
			}
		})
	})
}

// BenchmarkList reads pages of 20 out of 100,000 dialogs: of one user who is
// in 50, 1,000 or 10,000 of them, or in the oldest 10,000, of all public groups,
// and of all as a server.
func BenchmarkList(b *testing.B) {
	orders := map[string]dialog.Order{
		"updated": {Field: dialog.ByUpdatedAt, Descending: true}, "name": {Field: dialog.ByName},
	}
	pages := func(b *testing.B, s *sqlite.Store, name string, q dialog.Query) {
		for order, by := range orders {
			q.Order, q.Limit = by, 21
			for _, page := range []string{"first", "late"} {
				q.After = nil
				if page == "late" {
					q.After = lateIn(b, s, q)
				}
				b.Run(name+"/"+order+"/"+page, func(b *testing.B) {
					for b.Loop() {
						if list, err := s.Dialogs(b.Context(), q); err != nil || len(list) == 0 {
							b.Fatal(len(list), err)
						}
					}
				})
			}
		}
		b.Run(name+"/count", func(b *testing.B) {
			for b.Loop() {
				if n, err := s.Count(b.Context(), q); err != nil || n == 0 {
					b.Fatal(n, err)
				}
			}
		})
	}
	groups, _ := crowded(b, dialog.Group)
	for _, user := range []dialog.UserID{"50", "1000", "10000", "old"} {
		pages(b, groups, "mine="+string(user), dialog.Query{User: user, Scope: dialog.Mine})
	}
	pages(b, groups, "server=100000", dialog.Query{Scope: dialog.Mine})
	public, _ := crowded(b, dialog.PublicGroup)
	pages(b, public, "public=100000", dialog.Query{User: "50", Scope: dialog.Public})
	pages(b, public, "visible=100000", dialog.Query{User: "50", Scope: dialog.Visible})
}

// lateIn is a position 40 dialogs before the end of a list.
func lateIn(b *testing.B, s *sqlite.Store, q dialog.Query) *dialog.Position {
	b.Helper()
	q.FromEnd, q.Limit = true, 40
	list, err := s.Dialogs(b.Context(), q)
	if err != nil {
		b.Fatal(err)
	}
	return &dialog.Position{Key: q.Order.Key(&list[0]), ID: list[0].ID}
}

// BenchmarkAllOwn reads the first page of a user who is in all of 1,000 dialogs.
func BenchmarkAllOwn(b *testing.B) {
	s := open(b, b.TempDir(), sqlite.Options{})
	b.Cleanup(func() { closing(b, s) })
	groups(b, s, 1000, "u", "v", "w", "x")
	b.ReportAllocs()
	for b.Loop() {
		if list, err := s.Dialogs(b.Context(), newest("u", 21)); err != nil || len(list) != 21 {
			b.Fatal(len(list), err)
		}
	}
}
