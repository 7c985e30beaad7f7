package e2e_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"dialogs/dialog/dialogtest"
	"dialogs/servertest"
)

// syncedDialog is what a poller keeps of a dialog.
type syncedDialog struct {
	ID          string
	Type        string
	Name        *string
	Version     int
	OwnerID     string
	OccupantIDs []string
	AdminIDs    []string
}

const syncedFields = `{ id type name version ownerId occupantIds adminIds }`

// A poller keeps a copy of its dialogs, the way docs/sync.md says.
type poller struct {
	server server
	header servertest.Header
	random *rand.Rand

	copied map[string]syncedDialog
	cursor string
	pages  int
}

// newPoller starts without a gap: the position first, then the list.
func newPoller(s server, h servertest.Header, seed uint64) (*poller, error) {
	p := &poller{server: s, header: h, random: rand.New(rand.NewPCG(seed, 3))}
	start, err := p.changes(nil, nil)
	if err != nil {
		return nil, err
	}
	p.cursor = start.Cursor
	p.copied, err = p.list()
	return p, err
}

type syncPage struct {
	Changed    []syncedDialog
	RemovedIDs []string
	Cursor     string
	HasMore    bool
}

func (p *poller) changes(after, first any) (syncPage, error) {
	var data struct{ DialogChanges syncPage }
	err := p.ask(`query($after: String, $first: Int) {
		dialogChanges(after: $after, first: $first) { changed `+syncedFields+` removedIds cursor hasMore }
	}`, map[string]any{"after": after, "first": first}, &data)
	return data.DialogChanges, err
}

// poll reads and applies what there is, in pages of any size.
func (p *poller) poll() error {
	for more := true; more; p.pages++ {
		page, err := p.changes(p.cursor, 1+p.random.IntN(20))
		if err != nil {
			return err
		}
		for _, d := range page.Changed {
			p.copied[d.ID] = d
		}
		for _, id := range page.RemovedIDs {
			delete(p.copied, id)
		}
		p.cursor, more = page.Cursor, page.HasMore
	}
	return nil
}

// list reads all dialogs again.
func (p *poller) list() (map[string]syncedDialog, error) {
	all := map[string]syncedDialog{}
	for after, more := any(nil), true; more; {
		var data struct {
			Dialogs struct {
				Nodes    []syncedDialog
				PageInfo struct {
					HasNextPage bool
					EndCursor   *string
				}
			}
		}
		err := p.ask(`query($after: String) {
			dialogs(first: 100, after: $after) { nodes `+syncedFields+` pageInfo { hasNextPage endCursor } }
		}`, map[string]any{"after": after}, &data)
		if err != nil {
			return nil, err
		}
		for _, d := range data.Dialogs.Nodes {
			all[d.ID] = d
		}
		after, more = data.Dialogs.PageInfo.EndCursor, data.Dialogs.PageInfo.HasNextPage
	}
	return all, nil
}

// ask is for goroutines that may not end the test.
func (p *poller) ask(query string, variables map[string]any, data any) error {
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		return err
	}
	reply, err := p.server.Try(p.header, body)
	// Clients ask again with the same cursor when a busy store does not answer in time.
	for end := time.Now().Add(servertest.Patience); err == nil && unavailable(reply) && time.Now().Before(end); {
		reply, err = p.server.Try(p.header, body)
	}
	if err != nil {
		return err
	}
	if reply.Status != http.StatusOK || len(reply.Errors) > 0 {
		return fmt.Errorf("status %d: %s", reply.Status, reply.Body)
	}
	var answer struct{ Data json.RawMessage }
	if err := json.Unmarshal(reply.Body, &answer); err != nil {
		return err
	}
	return json.Unmarshal(answer.Data, data)
}

// unavailable tells whether it is not known what an operation did.
func unavailable(r servertest.Reply) bool {
	return len(r.Errors) > 0 && r.Errors[0].Extensions.Code == "UNAVAILABLE"
}

// TestSyncModel has 8 writers change dialogs at random while 4 pollers with random
// pauses keep copies. In the end each copy must equal the list.
func TestSyncModel(t *testing.T) {
	t.Parallel()
	for _, engine := range []struct {
		name  string
		start func(testing.TB, ...string) server
	}{{"SQLite", start}, {"MongoDB", startOnMongo}} {
		t.Run(engine.name, func(t *testing.T) {
			s := engine.start(t, "--rate-limit", "0", "--rate-limit-key", "0", "--quota-dialogs-per-day", "0", "--quota-occupants-per-hour", "0", "--quota-public-groups", "0")
			key := s.MustCLI("apikey", "create", "backend")
			s.Client.Transport = &http.Transport{MaxIdleConnsPerHost: 16}
			var pollers []*poller
			for i, h := range []servertest.Header{
				servertest.WithKey(key), servertest.OnBehalf(key, "u0"), servertest.OnBehalf(key, "u1"), servertest.WithToken(s.Token("u2")),
			} {
				p, err := newPoller(s, h, uint64(i))
				if err != nil {
					t.Fatal(err)
				}
				pollers = append(pollers, p)
			}
			written := make(chan struct{})
			var polling, writing sync.WaitGroup
			for _, p := range pollers {
				polling.Go(func() { p.pollUntil(t, written) })
			}
			made := &madeDialogs{}
			for i := range 8 {
				writing.Go(func() {
					w := &modelWriter{server: s, key: key, made: made, random: rand.New(rand.NewPCG(uint64(i), 4))}
					w.write(t, dialogtest.Times(60, 1500))
				})
			}
			writing.Wait()
			close(written)
			polling.Wait()
			for i, p := range pollers {
				p.check(t, i)
			}
			made.check(t)
		})
	}
}

// pollUntil polls with random pauses until nothing is written any more.
func (p *poller) pollUntil(t *testing.T, written <-chan struct{}) {
	for {
		if err := p.poll(); err != nil {
			t.Error(err)
			return
		}
		select {
		case <-written:
			return
		case <-time.After(time.Duration(p.random.IntN(20)) * time.Millisecond):
		}
	}
}

// check compares the copy with the list, once the poller was told everything: a
// change becomes readable when the position of the store has passed it.
func (p *poller) check(t *testing.T, number int) {
	t.Helper()
	want, err := p.list()
	if err != nil {
		t.Fatal(err)
	}
	diff := cmp.Diff(want, p.copied)
	for deadline := time.Now().Add(servertest.Patience); diff != "" && time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if err := p.poll(); err != nil {
			t.Fatal(err)
		}
		diff = cmp.Diff(want, p.copied)
	}
	if diff != "" {
		t.Errorf("the copy of poller %d is not the list (-list +copy):\n%s", number, diff)
	}
	if len(want) < 2 || p.pages < 5 {
		t.Errorf("poller %d has %d dialogs after %d pages, which tests little", number, len(want), p.pages)
	}
}

// madeDialogs are those that the writers change.
type madeDialogs struct {
	mu   sync.Mutex
	ids  []string
	done map[string]int
}

func (m *madeDialogs) add(id string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.ids = append(m.ids, id)
}

// any is one of them at random, the latest more often.
func (m *madeDialogs) any(random *rand.Rand) (string, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.ids) == 0 {
		return "", false
	}
	return m.ids[max(0, len(m.ids)-1-random.IntN(12))], true
}

// count notes what the server did.
func (m *madeDialogs) count(kind string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.done == nil {
		m.done = map[string]int{}
	}
	m.done[kind]++
}

// check wants each kind of change to have been made.
func (m *madeDialogs) check(t *testing.T) {
	t.Helper()
	t.Logf("changes: %v", m.done)
	for _, kind := range slices.Sorted(maps.Keys(modelChanges())) {
		if m.done[kind] == 0 {
			t.Errorf("nobody could %s", kind)
		}
	}
}

// modelChanges are the changes of one dialog, with a user to do it to.
func modelChanges() map[string]func(random *rand.Rand, other string) map[string]any {
	return map[string]func(*rand.Rand, string) map[string]any{
		"rename": func(r *rand.Rand, _ string) map[string]any {
			return map[string]any{"name": fmt.Sprint("Name ", r.IntN(1000))}
		},
		"add occupant":    func(_ *rand.Rand, u string) map[string]any { return map[string]any{"addOccupants": []string{u}} },
		"remove occupant": func(_ *rand.Rand, u string) map[string]any { return map[string]any{"removeOccupants": []string{u}} },
		"add admin":       func(_ *rand.Rand, u string) map[string]any { return map[string]any{"addAdmins": []string{u}} },
		"remove admin":    func(_ *rand.Rand, u string) map[string]any { return map[string]any{"removeAdmins": []string{u}} },
		"hand over":       func(_ *rand.Rand, u string) map[string]any { return map[string]any{"newOwnerId": u} },
	}
}

// A modelWriter makes random changes, as users and as a server.
type modelWriter struct {
	server server
	key    string
	made   *madeDialogs
	random *rand.Rand
}

// user is one of those that poll, or somebody else.
func (w *modelWriter) user() string { return fmt.Sprint("u", w.random.IntN(5)) }

func (w *modelWriter) write(t *testing.T, times int) {
	kinds := slices.Sorted(maps.Keys(modelChanges()))
	for range times {
		header := servertest.WithKey(w.key)
		if w.random.IntN(2) == 0 {
			header = servertest.OnBehalf(w.key, w.user())
		}
		id, found := w.made.any(w.random)
		var err error
		switch n := w.random.IntN(20); {
		case !found || n < 2:
			err = w.create()
		case n == 2:
			err = w.try(header, "delete", `mutation($id: ID!) { deleteDialog(id: $id) { deletedId } }`, map[string]any{"id": id})
		default:
			kind := kinds[w.random.IntN(len(kinds))]
			err = w.try(header, kind, `mutation($id: ID!, $in: UpdateDialogInput!) { updateDialog(id: $id, input: $in) { replayed } }`,
				map[string]any{"id": id, "in": modelChanges()[kind](w.random, w.user())})
		}
		if err != nil {
			t.Error(err)
			return
		}
	}
}

// create makes a group, a public group or a private dialog.
func (w *modelWriter) create() error {
	owner, other := w.user(), w.user()
	input := map[string]any{"type": "GROUP", "ownerId": owner, "name": "Lunch", "occupantIds": []string{other}}
	switch n := w.random.IntN(4); {
	case n == 0:
		input = map[string]any{"type": "PUBLIC_GROUP", "ownerId": owner, "name": "Town"}
	case n == 1 && owner != other:
		input = map[string]any{"type": "PRIVATE", "ownerId": owner, "occupantIds": []string{other}}
	}
	var data struct {
		CreateDialog struct{ Dialog struct{ ID string } }
	}
	p := poller{server: w.server, header: servertest.WithKey(w.key)}
	err := p.ask(`mutation($in: CreateDialogInput!) { createDialog(input: $in) { dialog { id } } }`, map[string]any{"in": input}, &data)
	if err == nil {
		w.made.add(data.CreateDialog.Dialog.ID)
	}
	return err
}

// try makes a change that the server may refuse by its rules.
func (w *modelWriter) try(h servertest.Header, kind, query string, variables map[string]any) error {
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		return err
	}
	reply, err := w.server.Try(h, body)
	if err != nil {
		return err
	}
	if len(reply.Errors) == 0 {
		w.made.count(kind)
		return nil
	}
	if unavailable(reply) {
		return nil // the model is right whether it was made or not
	}
	if code := reply.Errors[0].Extensions.Code; !slices.Contains([]string{"FORBIDDEN", "NOT_FOUND", "BAD_USER_INPUT"}, code) {
		return fmt.Errorf("%s: %s", kind, reply.Body)
	}
	return nil
}
