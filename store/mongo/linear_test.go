package mongo_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"dialogs/dialog"
	"dialogs/store/mongo"
	"dialogs/store/mongo/mongotest"
	"dialogs/store/sqlite"
)

// 32 clients use one dialog at the same time. There must be an order of their calls, one
// after the other, that gives the same answers. This is tested with each engine.
func TestLinearizable(t *testing.T) {
	t.Parallel()
	dir, uri := t.TempDir(), mongotest.URI(t)
	for name, open := range map[string]func(t testing.TB) dialog.Store{
		"MongoDB": func(t testing.TB) dialog.Store { return open(t, uri, mongo.Options{}) },
		"SQLite": func(t testing.TB) dialog.Store {
			s, err := sqlite.Open(t.Context(), dir, sqlite.Options{})
			if err != nil {
				t.Fatal(err)
			}
			return s
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// There are two instances, as in a deployment.
			one, two := open(t), dialog.Store(nil)
			t.Cleanup(func() { closeStore(t, one) })
			two = one
			if name == "MongoDB" {
				two = open(t)
				t.Cleanup(func() { closeStore(t, two) })
			}
			checkLinearizable(t, one, two)
		})
	}
}

// An ask is a call of a client, and a reply is its answer.
type ask struct {
	read        bool
	add, remove dialog.UserID
	name        string
	ifVersion   int64
}

type reply struct {
	at       state
	conflict int64 // the actual version, if ifVersion was another one
	nothing  bool  // there was nothing to change
}

// A state is the part of a dialog that the asks read or change.
type state struct {
	version   int64
	name      string
	occupants string
}

func stateOf(d *dialog.Dialog) state {
	list := make([]string, len(d.Occupants))
	for i, u := range d.Occupants {
		list[i] = string(u)
	}
	return state{version: d.Version, name: d.Name, occupants: strings.Join(list, " ")}
}

// apply is the model: it returns the reply to an ask in a state.
func (s state) apply(a ask) reply {
	if a.read {
		return reply{at: s}
	}
	if a.ifVersion != 0 && a.ifVersion != s.version {
		return reply{at: s, conflict: s.version}
	}
	next := s
	list := strings.Fields(s.occupants)
	list = slices.DeleteFunc(list, func(u string) bool { return u == string(a.remove) })
	if a.add != "" && !slices.Contains(list, string(a.add)) {
		list = append(list, string(a.add))
	}
	next.occupants = strings.Join(list, " ")
	if a.name != "" {
		next.name = a.name
	}
	if next == s {
		return reply{at: s, nothing: true}
	}
	next.version++
	return reply{at: next}
}

func checkLinearizable(t *testing.T, stores ...dialog.Store) {
	t.Helper()
	const clients, asks = 32, 8
	service := dialog.NewService(stores[0], dialog.DefaultPolicy(dialog.DefaultLimits()), time.Now, nil)
	out, err := service.Create(t.Context(), dialog.Caller{User: "o"}, dialog.Creation{Type: dialog.Group, Name: dialog.Some("x")})
	if err != nil {
		t.Fatalf("creating: %v", err)
	}
	id, first := out.Dialog.ID, stateOf(&out.Dialog)
	start := time.Now()
	histories := make([][]porcupine.Operation, clients)
	var all sync.WaitGroup
	for c := range clients {
		all.Go(func() {
			random := rand.New(rand.NewPCG(uint64(c), 1))
			service := dialog.NewService(stores[c%len(stores)], dialog.DefaultPolicy(dialog.DefaultLimits()), time.Now, nil)
			version := int64(1)
			for n := range asks {
				a := randomAsk(random, fmt.Sprintf("n%d-%d", c, n), version)
				call := time.Since(start)
				r, err := send(t.Context(), stores[c%len(stores)], service, id, a)
				if err != nil {
					t.Errorf("client %d: %+v: %v", c, a, err)
					return
				}
				version = r.at.version
				histories[c] = append(histories[c], porcupine.Operation{
					ClientId: c, Input: a, Call: int64(call), Output: r, Return: int64(time.Since(start)),
				})
			}
		})
	}
	all.Wait()
	model := porcupine.Model{
		Init: func() any { return first },
		Step: func(now, in, out any) (bool, any) {
			s, _ := now.(state)
			a, _ := in.(ask)
			got, _ := out.(reply)
			want := s.apply(a)
			if got.conflict != 0 { // a conflict only tells the version
				want.at = got.at
			}
			return want == got, s.apply(a).at
		},
		Equal: func(a, b any) bool { return a == b },
	}
	if result := porcupine.CheckOperationsTimeout(model, slices.Concat(histories...), 2*time.Minute); result != porcupine.Ok {
		t.Errorf("the history of %d asks: %s", clients*asks, result)
	}
}

// randomAsk mostly makes asks that change the version. Others can be in many places of the
// order, and the time to find an order grows exponentially with their number.
func randomAsk(random *rand.Rand, name string, version int64) ask {
	user := func() dialog.UserID { return dialog.UserID(fmt.Sprint("u", random.IntN(40))) }
	switch random.IntN(12) {
	case 0:
		return ask{read: true}
	case 1:
		return ask{name: name, ifVersion: version}
	case 2:
		return ask{remove: user()}
	case 3:
		return ask{add: user()}
	case 4, 5:
		return ask{name: name, remove: user()}
	case 6, 7, 8:
		add, remove := user(), user()
		if add != remove {
			return ask{name: name, add: add, remove: remove}
		}
	}
	return ask{name: name, add: user()}
}

func send(ctx context.Context, store dialog.Store, service *dialog.Service, id dialog.ID, a ask) (reply, error) {
	if a.read {
		d, err := store.Dialog(ctx, id, false)
		return reply{at: stateOf(&d)}, err
	}
	var c dialog.Change
	if a.add != "" {
		c.AddOccupants = []dialog.UserID{a.add}
	}
	if a.remove != "" {
		c.RemoveOccupants = []dialog.UserID{a.remove}
	}
	if a.name != "" {
		c.Name = dialog.Some(a.name)
	}
	if a.ifVersion != 0 {
		c.IfVersion = dialog.Some(a.ifVersion)
	}
	out, err := service.Update(ctx, dialog.Caller{User: "o"}, string(id), c)
	if refused := new(dialog.Error); errors.As(err, &refused) && refused.Code == dialog.Conflict {
		return reply{at: state{version: refused.CurrentVersion}, conflict: refused.CurrentVersion}, nil
	}
	return reply{at: stateOf(&out.Dialog), nothing: err == nil && out.Change == nil}, err
}
