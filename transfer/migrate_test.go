package transfer_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"dialogs/dialog"
	"dialogs/store/memory"
	"dialogs/store/sqlite"
	"dialogs/transfer"
)

// today is when the migrations of the tests run.
var today = time.Date(2026, 1, 31, 14, 0, 0, 0, time.UTC)

// filled fills a store with classes, keys and dialogs of every kind: more dialogs than one
// batch holds.
func filled(t *testing.T, s dialog.Store) dialog.Store {
	t.Helper()
	ctx := t.Context()
	service := dialog.NewService(s, dialog.DefaultPolicy(dialog.DefaultLimits()), time.Now, nil)
	server := dialog.Caller{APIKey: "backend"}
	if _, err := service.DefineClass(ctx, server, "Card", []dialog.Field{{Name: "level", Type: dialog.Integer}}); err != nil {
		t.Fatal(err)
	}
	if err := s.AddAPIKey(ctx, dialog.APIKey{Name: "backend", Hash: [32]byte{1}, CreatedAt: time.UnixMilli(1).UTC()}); err != nil {
		t.Fatal(err)
	}
	if err := s.EndSession(ctx, dialog.EndedSession{ID: "gone", Until: time.UnixMilli(1 << 42).UTC()}); err != nil {
		t.Fatal(err)
	}
	if err := s.SuspendUser(ctx, "suspended", true, today); err != nil {
		t.Fatal(err)
	}
	if err := s.EndUserSessions(ctx, "suspended", today); err != nil {
		t.Fatal(err)
	}
	if err := s.KeepErasedUser(ctx, erased(1, today, today.Add(time.Hour))); err != nil {
		t.Fatal(err)
	}
	for i := range 450 {
		owner := dialog.Caller{User: dialog.UserID(fmt.Sprintf("u%d", i))}
		creation := dialog.Creation{Type: dialog.Group, Name: dialog.Some("Lunch"), Occupants: []dialog.UserID{"bob"}}
		if i%3 == 0 {
			creation = dialog.Creation{Type: dialog.Private, Occupants: []dialog.UserID{"bob"}}
		}
		out, err := service.Create(ctx, owner, creation)
		if err != nil {
			t.Fatal(err)
		}
		change := dialog.Change{Custom: []dialog.CustomInput{{Class: "Card", Fields: map[string]any{"level": int64(i)}}}}
		if i%50 == 7 {
			change = dialog.Change{Delete: true}
		}
		if _, err := service.Update(ctx, owner, string(out.Dialog.ID), change); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func erased(hash byte, ended, until time.Time) dialog.ErasedUser {
	return dialog.ErasedUser{Hash: [32]byte{hash}, SessionsEndedAt: ended, Until: until}
}

// TestMigrateWebhooks copies webhooks. Their receivers must be told that they may have
// missed changes.
func TestMigrateWebhooks(t *testing.T) {
	source, target := memory.NewStore(), embedded(t)
	w := dialog.Webhook{
		ID: "5d75393ba28f9a17e1cb0001", URL: "https://example.com", Status: dialog.WebhookActive, CreatedAt: today, ResumedAt: today,
		Secrets: []dialog.WebhookSecret{{Sealed: []byte("sealed")}}, Revision: 1,
	}
	if saved, err := source.SaveWebhook(t.Context(), w); err != nil || !saved {
		t.Fatal(saved, err)
	}
	if _, err := transfer.Migrate(t.Context(), today, source, &forgetful{Store: target}, none); err == nil {
		t.Fatal("the migration did not fail")
	}
	for range 2 { // first to resume the run that was interrupted, and then again
		report, err := transfer.Migrate(t.Context(), today, source, target, none)
		if err != nil || report.Webhooks != 1 {
			t.Fatalf("got %+v, %v", report, err)
		}
	}
	got, err := target.Webhooks(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]dialog.Webhook{w}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if p, err := target.WebhookProgress(t.Context(), w.ID); err != nil || !p.GapOwed || p.Mark != "" {
		t.Errorf("the progress is %+v, %v", p, err)
	}
	changed := w
	changed.URL, changed.Revision = "https://example.org", 2
	if saved, err := source.SaveWebhook(t.Context(), changed); err != nil || !saved {
		t.Fatal(saved, err)
	}
	if _, err := transfer.Migrate(t.Context(), today, source, target, none); err == nil || !strings.Contains(err.Error(), "is different in the source") {
		t.Errorf("a webhook that changed since the earlier run: %v", err)
	}
	changed.URL, changed.Revision = w.URL, 3 // as it was
	if saved, err := source.SaveWebhook(t.Context(), changed); err != nil || !saved {
		t.Fatal(saved, err)
	}
	other := w
	other.ID = "5d75393ba28f9a17e1cb0002"
	if _, err := target.SaveWebhook(t.Context(), other); err != nil {
		t.Fatal(err)
	}
	if _, err := transfer.Migrate(t.Context(), today, source, target, none); err == nil || !strings.Contains(err.Error(), string(other.ID)) {
		t.Errorf("a target with a webhook of its own: %v", err)
	}
}

// A forgetful store ends after it has stored a webhook.
type forgetful struct{ dialog.Store }

func (*forgetful) SaveWebhookProgress(context.Context, dialog.ID, string, dialog.WebhookProgress) (bool, error) {
	return false, errors.New("killed")
}

// TestMigrateAccess copies which users are suspended, since when, and whose sessions ended.
func TestMigrateAccess(t *testing.T) {
	ctx, source, target := t.Context(), memory.NewStore(), embedded(t)
	at := time.Date(2026, 1, 31, 14, 0, 0, 0, time.UTC)
	want := []dialog.UserAccess{
		{User: "alice", Suspended: true, SuspendedAt: at, SessionsEndedAt: at.Add(time.Hour)},
		{User: "bob", Suspended: true}, // by an earlier version, which did not store the time
		{User: "carol", SessionsEndedAt: at},
	}
	for _, a := range want {
		if a.Suspended {
			if err := source.SuspendUser(ctx, a.User, true, a.SuspendedAt); err != nil {
				t.Fatal(err)
			}
		}
		if !a.SessionsEndedAt.IsZero() {
			if err := source.EndUserSessions(ctx, a.User, a.SessionsEndedAt); err != nil {
				t.Fatal(err)
			}
		}
	}
	for range 2 { // the second time like a run that was interrupted
		if _, err := transfer.Migrate(ctx, today, source, target, none); err != nil {
			t.Fatal(err)
		}
	}
	got, err := target.AllUserAccess(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the users (-want +got):\n%s", diff)
	}
}

// TestMigrateErasures copies which users were erased, and erasures in progress: the target
// rejects the users' earlier sessions, and finishes the erasures.
func TestMigrateErasures(t *testing.T) {
	ctx, source, target := t.Context(), memory.NewStore(), embedded(t)
	now := today
	limits := dialog.DefaultPolicy(dialog.DefaultLimits())
	service := dialog.NewService(source, limits, func() time.Time { return now }, nil)
	erase := func(u dialog.UserID) {
		end := func(ctx context.Context, u dialog.UserID) error { return source.EndUserSessions(ctx, u, now) }
		if _, err := service.EraseUser(ctx, dialog.Caller{APIKey: "backend"}, u, false, end); err != nil {
			t.Fatal(err)
		}
	}
	next := func(s *dialog.Service, want int) {
		t.Helper()
		if _, left, err := s.ContinueErasures(ctx); err != nil || left != want {
			t.Fatalf("%d erasures left, want %d: %v", left, want, err)
		}
		now = now.Add(time.Minute)
	}
	if _, err := service.Create(ctx, dialog.Caller{User: "going"}, dialog.Creation{Type: dialog.Group, Name: dialog.Some("x"), Occupants: []dialog.UserID{"bob"}}); err != nil {
		t.Fatal(err)
	}
	ended := now
	if err := source.EndUserSessions(ctx, "gone", ended); err != nil { // so that something is kept about the user
		t.Fatal(err)
	}
	erase("gone")
	next(service, 1)
	next(service, 0)
	erase("going")
	for range 2 { // the second time like a run that was interrupted
		if _, err := transfer.Migrate(ctx, today, source, target, none); err != nil {
			t.Fatal(err)
		}
	}
	there := dialog.NewService(target, limits, func() time.Time { return now }, nil)
	next(there, 1)
	next(there, 0)
	for user, want := range map[dialog.UserID]time.Time{"gone": ended, "going": ended.Add(2 * time.Minute)} {
		access, err := target.UserAccess(ctx, []dialog.UserID{user})
		if diff := cmp.Diff([]dialog.UserAccess{{User: user, SessionsEndedAt: want}}, access); err != nil || diff != "" {
			t.Errorf("the sessions of %s (-want +got): %v\n%s", user, err, diff)
		}
		if traces, err := target.Traces(ctx, user, "", 1000); err != nil || len(traces.IDs) > 0 {
			t.Errorf("%s is still in %+v, %v", user, traces, err)
		}
	}
}

// TestMigrateAfterErasure resumes a migration after the source has finished erasures that
// were in progress, or that began in between, and after it has deleted a dialog. Then the
// target has nothing of these users either.
func TestMigrateAfterErasure(t *testing.T) {
	for _, test := range []struct {
		reason string
		first  dialog.UserID // is being erased during the first run; empty for nobody
		ended  string        // the call of the target that ends the first run
	}{
		{"the erasure was copied", "alice", "webhooks"},
		{"the user's access was copied, and not the erasure", "alice", "erasures"},
		{"the erasure began after all dialogs were copied", "", "none"},
		{"the erasure was in progress when all dialogs were copied", "alice", "none"},
	} {
		t.Run(test.reason, func(t *testing.T) {
			ctx, source, target := t.Context(), memory.NewStore(), embedded(t)
			now := today
			service := dialog.NewService(source, dialog.DefaultPolicy(dialog.DefaultLimits()), func() time.Time { return now }, nil)
			create := func(c dialog.Creation) string {
				out, err := service.Create(ctx, dialog.Caller{User: "alice"}, c)
				if err != nil {
					t.Fatal(err)
				}
				return string(out.Dialog.ID)
			}
			update := func(who dialog.UserID, id string, c dialog.Change) {
				if _, err := service.Update(ctx, dialog.Caller{User: who}, id, c); err != nil {
					t.Fatal(err)
				}
			}
			create(dialog.Creation{Type: dialog.Group, Name: dialog.Some("with alice"), Occupants: []dialog.UserID{"bob"}})
			create(dialog.Creation{Type: dialog.Private, Occupants: []dialog.UserID{"bob"}})
			update("alice", create(dialog.Creation{Type: dialog.Group, Name: dialog.Some("was with alice"), Occupants: []dialog.UserID{"bob"}}),
				dialog.Change{RemoveOccupants: []dialog.UserID{"alice"}})
			out, err := service.Create(ctx, dialog.Caller{User: "bob"}, dialog.Creation{Type: dialog.Group, Name: dialog.Some("without alice")})
			if err != nil {
				t.Fatal(err)
			}
			erase := func() {
				end := func(ctx context.Context, u dialog.UserID) error { return source.EndUserSessions(ctx, u, now) }
				if _, err := service.EraseUser(ctx, dialog.Caller{APIKey: "backend"}, "alice", false, end); err != nil {
					t.Fatal(err)
				}
			}
			if test.first != "" {
				erase()
			}
			_, err = transfer.Migrate(ctx, now, source, &ending{Store: target, at: test.ended}, none)
			if (err == nil) != (test.ended == "none") {
				t.Fatalf("the first run: %v", err)
			}
			if test.first == "" {
				erase()
			}
			for range 2 {
				now = now.Add(time.Minute)
				if _, _, err := service.ContinueErasures(ctx); err != nil {
					t.Fatal(err)
				}
			}
			update("bob", string(out.Dialog.ID), dialog.Change{Delete: true})
			for range 2 { // the second time like a run that was interrupted
				if report, err := transfer.Migrate(ctx, now, source, target, none); err != nil || report.Dialogs != 2 {
					t.Fatalf("the next run: %+v, %v", report, err)
				}
			}
			if kept, err := target.UserKept(ctx, "alice"); err != nil || kept {
				t.Errorf("the target has kept something about alice: %t, %v", kept, err)
			}
			if traces, err := target.Traces(ctx, "alice", "", 1000); err != nil || len(traces.IDs) > 0 {
				t.Errorf("alice is still in %+v, %v", traces, err)
			}
			access, err := target.UserAccess(ctx, []dialog.UserID{"alice"})
			if diff := cmp.Diff([]dialog.UserAccess{{User: "alice", SessionsEndedAt: today}}, access); err != nil || diff != "" {
				t.Errorf("alice's sessions (-want +got): %v\n%s", err, diff)
			}
		})
	}
}

// An ending store fails at a certain call.
type ending struct {
	dialog.Store
	at string
}

func (e *ending) StartErasure(ctx context.Context, job dialog.Erasure) (dialog.Erasure, error) {
	if e.at == "erasures" {
		return dialog.Erasure{}, errors.New("killed")
	}
	return e.Store.StartErasure(ctx, job)
}

func (e *ending) Webhooks(ctx context.Context) ([]dialog.Webhook, error) {
	if jobs, err := e.Erasures(ctx); err != nil || e.at == "webhooks" && len(jobs) > 0 {
		return nil, errors.Join(err, errors.New("killed"))
	}
	return e.Store.Webhooks(ctx)
}

func embedded(t *testing.T) dialog.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), t.TempDir(), sqlite.Options{Now: func() time.Time { return today }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func none(int, int) {}

func TestMigrate(t *testing.T) {
	source, target := filled(t, memory.NewStore()), embedded(t)
	var told []int
	report, err := transfer.Migrate(t.Context(), today, source, target, func(done, _ int) { told = append(told, done) })
	if err != nil {
		t.Fatal(err)
	}
	if report.Dialogs != 441 || report.Copied != 441 || report.Classes != 1 || report.Keys != 1 || report.Sessions != 1 {
		t.Errorf("got %+v", report)
	}
	if ended, err := target.SessionsEnded(t.Context(), []string{"gone"}); err != nil || len(ended) != 1 {
		t.Errorf("the session that was ended: got %v and error %v, want it ended in the target too", ended, err)
	}
	if len(told) != 3 || told[2] != 441 {
		t.Errorf("progress was told %v", told)
	}
	again, err := transfer.Migrate(t.Context(), today, source, target, none)
	if err != nil || again.Copied != 0 || again.Checksum != report.Checksum {
		t.Errorf("the second time: got %+v and error %v, want nothing copied and the same checksum", again, err)
	}
	back := memory.NewStore()
	if returned, err := transfer.Migrate(t.Context(), today, target, back, none); err != nil || returned.Checksum != report.Checksum {
		t.Errorf("the way back: got %+v and error %v", returned, err)
	}
}

// A failing store stores some batches, and then fails.
type failing struct {
	dialog.Store
	mu   sync.Mutex
	left int
}

func (f *failing) Restore(ctx context.Context, dialogs []dialog.Dialog) error {
	f.mu.Lock()
	f.left--
	killed := f.left < 0
	f.mu.Unlock()
	if killed {
		return errors.New("killed")
	}
	return f.Store.Restore(ctx, dialogs)
}

// TestMigrateAgain stops a migration in the middle and runs it again.
func TestMigrateAgain(t *testing.T) {
	source, target := filled(t, memory.NewStore()), embedded(t)
	if _, err := transfer.Migrate(t.Context(), today, source, &failing{Store: target, left: 1}, none); err == nil {
		t.Fatal("the migration did not fail")
	}
	report, err := transfer.Migrate(t.Context(), today, source, target, none)
	if err != nil || report.Dialogs != 441 || report.Copied != 241 {
		t.Errorf("got %+v and error %v, want the 241 dialogs copied that were not there", report, err)
	}
}

// TestMigrateRefuses has targets that are not a copy of the source.
func TestMigrateRefuses(t *testing.T) {
	for _, test := range []struct {
		prepare func(dialog.Store) error
		want    string
		reason  string
	}{
		{func(s dialog.Store) error {
			return s.AddAPIKey(t.Context(), dialog.APIKey{Name: "backend", Hash: [32]byte{2}})
		}, "a different API key named", "another key of the same name"},
		{func(s dialog.Store) error {
			_, err := s.SaveClass(t.Context(), dialog.Class{Name: "Card", Revision: 1, Fields: []dialog.Field{{Name: "level", Type: dialog.String}}})
			return err
		}, "another type", "another type of a field"},
		{func(s dialog.Store) error {
			_, err := dialog.NewService(s, dialog.DefaultPolicy(dialog.DefaultLimits()), time.Now, nil).Create(t.Context(), dialog.Caller{User: "x"},
				dialog.Creation{Type: dialog.Group, Name: dialog.Some("its own")})
			return err
		}, "is missing from the source", "a dialog of the target's own"},
		{func(s dialog.Store) error {
			return s.AddAPIKey(t.Context(), dialog.APIKey{Name: "own", Hash: [32]byte{2}})
		}, "its API key own", "a key of the target's own"},
		{func(s dialog.Store) error {
			_, err := s.SaveClass(t.Context(), dialog.Class{Name: "Own", Revision: 1, Fields: []dialog.Field{{Name: "level", Type: dialog.String}}})
			return err
		}, "its class Own", "a class of the target's own"},
		{func(s dialog.Store) error {
			_, err := s.SaveClass(t.Context(), dialog.Class{Name: "Card", Revision: 1, Fields: []dialog.Field{{Name: "own", Type: dialog.String}}})
			return err
		}, "all fields of its class Card", "a field of the target's own"},
		{func(s dialog.Store) error {
			return s.AddAPIKey(t.Context(), dialog.APIKey{Name: "backend", Hash: [32]byte{1}, CreatedAt: time.UnixMilli(1), Scopes: dialog.KeyRead})
		}, "a different API key named", "the same key with other permissions"},
		{func(s dialog.Store) error {
			return s.EndSession(t.Context(), dialog.EndedSession{ID: "own", Until: today.Add(time.Hour)})
		}, `its ended session "own"`, "an ended session of the target's own"},
		{func(s dialog.Store) error {
			return s.SuspendUser(t.Context(), "own", true, today)
		}, `not suspended its user "own"`, "a suspended user of the target's own"},
		{func(s dialog.Store) error {
			return s.EndUserSessions(t.Context(), "own", today)
		}, `not ended the sessions of its user "own"`, "a user whose sessions were ended in the target only"},
		{func(s dialog.Store) error {
			return s.EndUserSessions(t.Context(), "suspended", today.Add(time.Second))
		}, `not ended the sessions of its user "suspended"`, "a user whose sessions were ended in the target later"},
		{func(s dialog.Store) error {
			return s.KeepErasedUser(t.Context(), erased(2, today, today.Add(time.Hour)))
		}, "a user was erased there", "a user who was erased in the target only"},
		{func(s dialog.Store) error {
			return s.KeepErasedUser(t.Context(), erased(1, today.Add(time.Second), today.Add(time.Hour)))
		}, "a user was erased there", "a user who was erased in the target later"},
		{func(s dialog.Store) error {
			_, err := s.StartErasure(t.Context(), dialog.Erasure{User: "own", By: "backend", StartedAt: today})
			return err
		}, `not erasing its user "own"`, "an erasure in progress of the target's own"},
	} {
		t.Run(test.reason, func(t *testing.T) {
			source, target := filled(t, memory.NewStore()), embedded(t)
			if err := test.prepare(target); err != nil {
				t.Fatal(err)
			}
			before := contents(t, target)
			if _, err := transfer.Migrate(t.Context(), today, source, target, none); err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), "must be empty") {
				t.Errorf("got the error %v, want one with %q", err, test.want)
			}
			if after := contents(t, target); after != before {
				t.Errorf("the target had %s and has %s, want nothing to be copied", before, after)
			}
		})
	}
}

// TestMigrateIgnoresExpired has a target with what the source has forgotten since.
func TestMigrateIgnoresExpired(t *testing.T) {
	source, target := filled(t, memory.NewStore()), embedded(t)
	if err := target.EndSession(t.Context(), dialog.EndedSession{ID: "expired", Until: today}); err != nil {
		t.Fatal(err)
	}
	if err := target.KeepErasedUser(t.Context(), erased(2, today, today)); err != nil {
		t.Fatal(err)
	}
	if _, err := transfer.Migrate(t.Context(), today, source, target, none); err != nil {
		t.Error(err)
	}
}

// contents returns how much of everything a store has.
func contents(t *testing.T, s dialog.Store) string {
	t.Helper()
	ctx := t.Context()
	classes, err := s.Classes(ctx)
	keys, keysErr := s.APIKeys(ctx)
	sessions, sessionsErr := s.EndedSessions(ctx)
	users, usersErr := s.AllUserAccess(ctx)
	gone, goneErr := s.ErasedUsers(ctx)
	jobs, jobsErr := s.Erasures(ctx)
	dialogs, dialogsErr := s.Count(ctx, dialog.Query{Scope: dialog.Mine})
	if err := errors.Join(err, keysErr, sessionsErr, usersErr, goneErr, jobsErr, dialogsErr); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%d classes, %d keys, %d sessions, %d users, %d erased, %d erasures, %d dialogs",
		len(classes), len(keys), len(sessions), len(users), len(gone), len(jobs), dialogs)
}
