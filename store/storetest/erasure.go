package storetest

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"testing"
	"time"

	"dialogs/dialog"
)

// Erased is the user whom [Erase] erases. It is a text that nothing else contains.
const Erased dialog.UserID = "zoë \"the erased\" \\ <42>"

// Erase fills a new database with everything that can name a user, erases them, and
// checks what is left. The database stays open until the test ends. What the engine has
// stored must not contain [Erased] any more, in whatever form it stores ids.
func Erase(t testing.TB, open Database) {
	t.Helper()
	e := newEnv(t, func(testing.TB) Database { return open })
	e.nameErased()
	e.erase(Erased)
	e.unnamed(Erased)
}

// nameErased makes everything that can name the user.
func (e *env) nameErased() (owned, shared dialog.Dialog) {
	e.Helper()
	u := Erased
	owned = e.create(user(u), dialog.Creation{
		Type: dialog.Group, Name: dialog.Some("owned"), Occupants: []dialog.UserID{"bob", "carol"}, Admins: []dialog.UserID{"carol"},
		IdempotencyKey: dialog.Some("creation"),
	})
	e.update(behalf(u), owned.ID, dialog.Change{Photo: dialog.Some("photo"), IdempotencyKey: dialog.Some("update")})
	shared = e.group("bob", u, "carol")
	e.update(user("bob"), shared.ID, dialog.Change{AddAdmins: []dialog.UserID{u}})
	e.update(user("bob"), shared.ID, dialog.Change{NewOwner: dialog.Some(u)})
	e.update(user(u), shared.ID, dialog.Change{NewOwner: dialog.Some[dialog.UserID]("bob")})
	e.update(user("bob"), shared.ID, dialog.Change{AddAdmins: []dialog.UserID{u}})
	e.update(user("bob"), shared.ID, dialog.Change{RemoveAdmins: []dialog.UserID{u}})

	left := e.group("bob", u)
	e.update(user(u), left.ID, dialog.Change{RemoveOccupants: []dialog.UserID{u}})
	e.update(user("bob"), left.ID, dialog.Change{Name: dialog.Some(string(u[:4]))})
	alone := e.group(u)
	e.update(user(u), alone.ID, dialog.Change{Delete: true})
	e.group(u)
	tombstone := e.group("bob", u, "carol")
	e.update(user("bob"), tombstone.ID, dialog.Change{AddAdmins: []dialog.UserID{u}})
	e.update(user("bob"), tombstone.ID, dialog.Change{Delete: true})

	e.private(u, "bob")
	e.private("carol", u)
	again := e.private("dave", u)
	e.update(user("dave"), again.ID, dialog.Change{Delete: true})
	e.create(user(u), dialog.Creation{Type: dialog.Private, Occupants: []dialog.UserID{"dave"}, IdempotencyKey: dialog.Some("private")})

	inherited := e.public(u, "inherited")
	e.update(user(u), inherited.ID, dialog.Change{AddAdmins: []dialog.UserID{"dave", "carol"}})
	e.public(u, "nobody's")
	helped := e.public("bob", "helped")
	e.update(user("bob"), helped.ID, dialog.Change{AddAdmins: []dialog.UserID{u}})
	for n := range 12 {
		e.group(u, dialog.UserID(fmt.Sprintf("user%d", n)))
	}
	if err := e.store.SuspendUser(e.Context(), u, true, e.clock.Now()); err != nil {
		e.Fatal(err)
	}
	return owned, shared
}

// endSessions ends the sessions of a user now.
func (e *env) endSessions(ctx context.Context, u dialog.UserID) error {
	return e.store.EndUserSessions(ctx, u, e.clock.Now())
}

// erase takes all steps of an erasure, each on another instance.
func (e *env) erase(u dialog.UserID) {
	e.Helper()
	status, err := e.svc.EraseUser(e.Context(), server(), u, false, e.endSessions)
	if err != nil || status.Done {
		e.Fatalf("starting to erase %q: %+v, %v", u, status, err)
	}
	for range 3 {
		svc := e.service(e.instance(), dialog.DefaultLimits())
		_, left, err := svc.ContinueErasures(e.Context())
		if err != nil {
			e.Fatalf("erasing %q: %v", u, err)
		}
		if left == 0 {
			return
		}
		e.clock.Move(time.Minute)
	}
	e.Fatalf("the erasure of %q does not finish", u)
}

// unnamed checks that nothing that a store returns names the user.
func (e *env) unnamed(u dialog.UserID) {
	e.Helper()
	found, err := e.store.Traces(e.Context(), u, "", 1_000_000)
	if err != nil || found.More || len(found.IDs) > 0 {
		e.Errorf("traces of an erased user: %+v, %v", found, err)
	}
	if kept, err := e.store.UserKept(e.Context(), u); err != nil || kept {
		e.Errorf("something is kept about an erased user: %v, %v", kept, err)
	}
	all, err := e.store.AllUserAccess(e.Context())
	if err != nil || slices.ContainsFunc(all, func(a dialog.UserAccess) bool { return a.User == u }) {
		e.Errorf("the access of an erased user: %+v, %v", all, err)
	}
}

// testErasure erases a user: what others see of it, and what comes after.
func testErasure(e *env) {
	owned, shared := e.nameErased()
	e.tick()
	ended := e.clock.Now()
	before := e.latest("bob")
	dry, err := e.svc.EraseUser(e.Context(), server(), Erased, true, nil)
	if err != nil || dry.Done || dry.Dialogs != 25 {
		e.Fatalf("a dry run: %+v, %v", dry, err)
	}
	e.erase(Erased)
	e.unnamed(Erased)

	d := e.read(owned.ID)
	if d.Owner != "carol" || !slices.Equal(d.Occupants, []dialog.UserID{"bob", "carol"}) || len(d.Admins) > 0 {
		e.Errorf("the admin takes over a group: %+v", d)
	}
	last := d.History[len(d.History)-1]
	if last.Actor != (dialog.Actor{APIKey: "backend"}) || last.Kind != dialog.Updated || last.NewOwner != "carol" || last.Version != 3 ||
		!slices.Equal(last.Changed, []dialog.Aspect{dialog.AspectOccupants, dialog.AspectAdmins, dialog.AspectOwner}) {
		e.Errorf("the record of who left: %+v", last)
	}
	for _, r := range d.History[:2] {
		if r.Actor != (dialog.Actor{}) || r.Key != "" || r.InputHash != "" {
			e.Errorf("a record by an erased user: %+v", r)
		}
	}
	if d = e.read(shared.ID); d.Owner != "bob" || !slices.Equal(d.Occupants, []dialog.UserID{"bob", "carol"}) {
		e.Errorf("a group that the user was in: %+v", d)
	}
	if left := e.query(dialog.Query{Scope: dialog.Visible, Filter: dialog.Filter{Names: []string{"nobody's"}}, Limit: 1}); len(left) > 0 {
		e.Errorf("a public group that nobody can manage remains")
	}
	page, err := e.svc.Changes(e.Context(), user("bob"), dialog.Some(before), dialog.Optional[int]{})
	if err != nil || len(page.Removed) != 1 || len(page.Changed) != 3 {
		e.Errorf("what another member learns: %+v, %v", page, err)
	}

	access, err := e.store.UserAccess(e.Context(), []dialog.UserID{"bob", Erased})
	e.same(access, []dialog.UserAccess{{User: Erased, SessionsEndedAt: ended}}, fmt.Sprint("the ended sessions are remembered; ", err))
	again := e.clock.Now()
	if err := e.endSessions(e.Context(), Erased); err != nil {
		e.Fatal(err)
	}
	access, err = e.store.UserAccess(e.Context(), []dialog.UserID{Erased})
	e.same(access, []dialog.UserAccess{{User: Erased, SessionsEndedAt: again}}, fmt.Sprint("the later end counts; ", err))
	if status, err := e.svc.EraseUser(e.Context(), server(), Erased, true, nil); err != nil || status.Done || status.Dialogs > 0 {
		e.Errorf("a dry run when only the access is kept: %+v, %v", status, err)
	}

	// Whoever has the id now is somebody else.
	made := e.private(Erased, "bob")
	e.create(user(Erased), dialog.Creation{Type: dialog.Group, Name: dialog.Some("new"), IdempotencyKey: dialog.Some("creation")})
	if finished, err := e.store.FinishErasure(e.Context(), Erased, again); err != nil || finished {
		e.Errorf("finishing for a member: %v, %v", finished, err)
	}
	e.read(made.ID)
	e.erase(Erased)
	e.unnamed(Erased)
	if status, err := e.svc.EraseUser(e.Context(), server(), Erased, false, e.endSessions); err != nil || !status.Done || status.Dialogs > 0 {
		e.Errorf("erasing an erased user: %+v, %v", status, err)
	}
	e.unnamed(Erased)
}

// testErasedUsers copies who was erased, as a migration does.
func testErasedUsers(e *env) {
	ctx, at := e.Context(), e.clock.Now()
	hash := sha256.Sum256([]byte(Erased))
	for _, minutes := range [][2]time.Duration{{2, 4}, {1, 5}, {2, 3}} { // of two, the later instants count
		u := dialog.ErasedUser{Hash: hash, SessionsEndedAt: at.Add(minutes[0] * time.Minute), Until: at.Add(minutes[1] * time.Minute)}
		if err := e.store.KeepErasedUser(ctx, u); err != nil {
			e.Fatal(err)
		}
	}
	if err := e.endSessions(ctx, "bob"); err != nil { // who is not erased
		e.Fatal(err)
	}
	ended := at.Add(2 * time.Minute)
	all, err := e.store.ErasedUsers(ctx)
	e.same(all, []dialog.ErasedUser{{Hash: hash, SessionsEndedAt: ended, Until: at.Add(5 * time.Minute)}}, fmt.Sprint("the erased users; ", err))
	access, err := e.store.UserAccess(ctx, []dialog.UserID{Erased})
	e.same(access, []dialog.UserAccess{{User: Erased, SessionsEndedAt: ended}}, fmt.Sprint("their sessions have ended; ", err))
	e.unnamed(Erased)
}

// latest is the place of now in the changes of a user.
func (e *env) latest(u dialog.UserID) string {
	e.Helper()
	page, err := e.svc.Changes(e.Context(), user(u), dialog.Optional[string]{}, dialog.Optional[int]{})
	if err != nil {
		e.Fatal(err)
	}
	return page.Cursor
}

// testErasureSteps takes the steps one by one, each twice, on several instances.
func testErasureSteps(e *env) {
	e.nameErased()
	e.create(user("bob"), dialog.Creation{Type: dialog.Group, Name: dialog.Some(string(Erased))}) // which is only a text
	at := e.clock.Now()
	first := dialog.Erasure{User: Erased, By: "backend", StartedAt: at.Add(time.Second), Dialogs: 25}
	other := dialog.Erasure{User: "other", By: "key", StartedAt: at, After: "5d75393ba28f9a17e1cb0001"}
	for _, job := range []dialog.Erasure{first, other, first} {
		started, err := e.store.StartErasure(e.Context(), job)
		e.same(started, job, fmt.Sprint("a job that was started; ", err))
	}
	second := first
	second.By, second.Dialogs = "another", 0
	started, err := e.instance().StartErasure(e.Context(), second)
	e.same(started, first, fmt.Sprint("a job that was started before; ", err))
	first.After = "5d75393ba28f9a17e1cb0002"
	for _, user := range []dialog.UserID{Erased, "nobody"} {
		going, err := e.store.AdvanceErasure(e.Context(), user, first.After)
		e.same(going, user == Erased, fmt.Sprint("advancing a job; ", err))
	}
	jobs, err := e.instance().Erasures(e.Context())
	e.same(jobs, []dialog.Erasure{other, first}, fmt.Sprint("the jobs; ", err))

	var all []dialog.ID
	for after, more := dialog.ID(""), true; more; {
		found, err := e.store.Traces(e.Context(), Erased, after, 5)
		if err != nil || len(found.IDs) > 5 {
			e.Fatalf("traces: %+v, %v", found, err)
		}
		all, after, more = append(all, found.IDs...), found.Next, found.More
	}
	whole, err := e.store.Traces(e.Context(), Erased, "", 1000)
	e.same(whole.IDs, all, fmt.Sprint("the traces, in one step and in several; ", err))
	if len(all) != 25 || !slices.IsSorted(all) {
		e.Errorf("%d traces: %v", len(all), all)
	}
	members, err := e.store.Dialogs(e.Context(), dialog.Query{User: Erased, Scope: dialog.Mine, Order: dialog.Order{Field: dialog.ByCreatedAt}, Limit: 100})
	if err != nil {
		e.Fatal(err)
	}
	for range 2 {
		if err := e.store.Scrub(e.Context(), Erased, append(all, "5d75393ba28f9a17e1cb0001")); err != nil {
			e.Fatalf("scrubbing: %v", err)
		}
	}
	still, err := e.store.Traces(e.Context(), Erased, "", 1000)
	e.same(len(still.IDs), len(members), fmt.Sprint("members are not scrubbed away; ", err))
	for i := range members {
		d := e.read(members[i].ID)
		d.History = nil
		e.same(d, members[i], "a dialog whose records were scrubbed")
	}
}
