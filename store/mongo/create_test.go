package mongo_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"

	"dialogs/dialog"
	"dialogs/store/mongo"
	"dialogs/store/mongo/mongotest"
)

// These ids were claimed by creations that have crashed.
var (
	claimed      = bson.ObjectID{1}
	otherClaimed = bson.ObjectID{2}
)

// A grave has the documents that a crashed creation has left behind.
type grave struct {
	*fixture
	db *driver.Database
}

func newGrave(t testing.TB) *grave {
	t.Helper()
	f := newFixture(t)
	return &grave{fixture: f, db: mongotest.Connect(t, f.uri)}
}

func (g *grave) insert(collection string, document bson.D) {
	g.t.Helper()
	if _, err := g.db.Collection(collection).InsertOne(g.t.Context(), document); err != nil {
		g.t.Fatalf("inserting into %s: %v", collection, err)
	}
}

// claimKey claims the key k of user a, for a creation with this input hash.
func (g *grave) claimKey(id bson.ObjectID, hash string) {
	g.t.Helper()
	now := g.now.Now()
	g.insert("claims", bson.D{
		{Key: "_id", Value: bson.D{{Key: "user", Value: "a"}, {Key: "key", Value: "k"}}},
		{Key: "dialog_id", Value: id},
		{Key: "at", Value: now},
		{Key: "until", Value: now.Add(dialog.KeyKept)},
		{Key: "input_hash", Value: hash},
	})
}

func (g *grave) claimPair(id bson.ObjectID, at time.Time) {
	g.t.Helper()
	g.insert("claims", bson.D{
		{Key: "_id", Value: bson.D{{Key: "pair", Value: bson.D{{Key: "a", Value: "a"}, {Key: "b", Value: "b"}}}}},
		{Key: "dialog_id", Value: id},
		{Key: "at", Value: at},
	})
}

// tombstone inserts a tombstone without records, which prevents the creation of the
// dialog.
func (g *grave) tombstone(id bson.ObjectID) {
	g.t.Helper()
	now := g.now.Now()
	g.insert("dialogs", bson.D{
		{Key: "_id", Value: id},
		{Key: "type", Value: 3},
		{Key: "name_folded", Value: ""},
		{Key: "owner_id", Value: ""},
		{Key: "custom_bytes", Value: 0},
		{Key: "created_at", Value: now},
		{Key: "updated_at", Value: now},
		{Key: "version", Value: 0},
		{Key: "deleted_at", Value: now},
	})
}

func (g *grave) delete(collection string, filter bson.D) {
	g.t.Helper()
	if _, err := g.db.Collection(collection).DeleteMany(g.t.Context(), filter); err != nil {
		g.t.Fatalf("deleting from %s: %v", collection, err)
	}
}

// hash returns the input hash of a creation: it creates the dialog and removes it again.
func (g *grave) hash(c dialog.Caller, creation dialog.Creation) string {
	g.t.Helper()
	out, err := g.service.Create(g.t.Context(), c, creation)
	if err != nil || !out.Created {
		g.t.Fatalf("creating to learn the input hash: created %v, %v", out.Created, err)
	}
	g.delete("dialogs", bson.D{})
	g.delete("claims", bson.D{})
	return out.Dialog.History[0].InputHash
}

var (
	a       = dialog.Caller{User: "a"}
	b       = dialog.Caller{User: "b"}
	backend = dialog.Caller{APIKey: "backend"}

	keyedGroup = dialog.Creation{Type: dialog.Group, Name: dialog.Some("x"), IdempotencyKey: dialog.Some("k")}
	privateOfA = dialog.Creation{Type: dialog.Private, Occupants: []dialog.UserID{"b"}}
	privateOfB = dialog.Creation{Type: dialog.Private, Occupants: []dialog.UserID{"a"}}
)

func keyed(c dialog.Creation) dialog.Creation {
	c.IdempotencyKey = dialog.Some("k")
	return c
}

func given(c dialog.Creation, id bson.ObjectID) dialog.Creation {
	c.ID, c.Owner = dialog.Some(id.Hex()), dialog.Some[dialog.UserID]("a")
	return c
}

// A creation can crash between any two of its steps. The next creation, by the same caller
// or another one, must still work.
func TestCreationsThatDied(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		reason   string
		left     func(g *grave) // what the crashed creation left behind
		caller   dialog.Caller
		creation dialog.Creation
		want     bson.ObjectID // the id of the resulting dialog; zero for a new one
		code     dialog.Code   // the error, instead of a dialog
	}{
		{
			reason: "key claimed, no dialog: the same call again makes it",
			left:   func(g *grave) { g.claimKey(claimed, g.hash(a, keyedGroup)) },
			caller: a, creation: keyedGroup, want: claimed,
		},
		{
			reason: "key claimed, no dialog: the key is taken for another input",
			left:   func(g *grave) { g.claimKey(claimed, "another") },
			caller: a, creation: keyedGroup, code: dialog.Invalid,
		},
		{
			reason: "key claimed a day ago, no dialog: the key is free",
			left: func(g *grave) {
				g.claimKey(claimed, "another")
				g.now.Move(dialog.KeyKept + time.Minute)
			},
			caller: a, creation: keyedGroup,
		},
		{
			reason: "pair claimed, no dialog: the same user again makes it",
			left:   func(g *grave) { g.claimPair(claimed, g.now.Now()) },
			caller: a, creation: privateOfA, want: claimed,
		},
		{
			reason: "pair claimed, no dialog: the other user makes it",
			left:   func(g *grave) { g.claimPair(claimed, g.now.Now()) },
			caller: b, creation: privateOfB, want: claimed,
		},
		{
			reason: "pair claimed long ago, the dialog and its tombstone are gone: the id does not come back",
			left:   func(g *grave) { g.claimPair(claimed, g.now.Now().Add(-2*dialog.KeyKept)) },
			caller: b, creation: privateOfB,
		},
		{
			reason: "key and pair claimed, no dialog: the same call again makes it",
			left: func(g *grave) {
				g.claimKey(claimed, g.hash(a, keyed(privateOfA)))
				g.claimPair(claimed, g.now.Now())
			},
			caller: a, creation: keyed(privateOfA), want: claimed,
		},
		{
			reason: "key and pair claimed, no dialog: the other user makes it",
			left: func(g *grave) {
				g.claimKey(claimed, g.hash(a, keyed(privateOfA)))
				g.claimPair(claimed, g.now.Now())
			},
			caller: b, creation: privateOfB, want: claimed,
		},
		{
			reason: "key claimed, the pair by another who died too: the same call again makes the pair's",
			left: func(g *grave) {
				g.claimKey(otherClaimed, g.hash(a, keyed(privateOfA)))
				g.claimPair(claimed, g.now.Now())
			},
			caller: a, creation: keyed(privateOfA), want: claimed,
		},
		{
			reason: "the claim of a deleted pair taken over, no dialog",
			left: func(g *grave) {
				g.tombstone(otherClaimed)
				g.claimPair(claimed, g.now.Now())
			},
			caller: b, creation: privateOfB, want: claimed,
		},
		{
			reason: "a tombstone to keep another out, the claim not taken over yet",
			left: func(g *grave) {
				g.tombstone(claimed)
				g.claimPair(claimed, g.now.Now())
			},
			caller: b, creation: privateOfB,
		},
		{
			reason: "a server chooses the id of a pair that was claimed: its id is the one",
			left:   func(g *grave) { g.claimPair(claimed, g.now.Now()) },
			caller: backend, creation: given(privateOfA, otherClaimed), want: otherClaimed,
		},
		{
			reason: "a chosen id was taken, the key's claim not taken back: the key made nothing",
			left: func(g *grave) {
				hash := g.hash(a, keyedGroup)
				g.tombstone(claimed)
				g.claimKey(claimed, hash)
			},
			caller: a, creation: keyedGroup,
		},
		{
			reason: "a chosen id was taken, the pair's claim not taken back: the pair has none",
			left: func(g *grave) {
				out, err := g.service.Create(g.t.Context(), backend, given(dialog.Creation{Type: dialog.Group, Name: dialog.Some("x")}, claimed))
				if err != nil || !out.Created {
					g.t.Fatalf("creating: created %v, %v", out.Created, err)
				}
				g.claimPair(claimed, g.now.Now())
			},
			caller: b, creation: privateOfB,
		},
	} {
		t.Run(test.reason, func(t *testing.T) {
			t.Parallel()
			g := newGrave(t)
			test.left(g)
			out, err := g.service.Create(t.Context(), test.caller, test.creation)
			if test.code != 0 {
				if !dialog.IsCode(err, test.code) {
					t.Fatalf("%v, want code %d", err, test.code)
				}
				return
			}
			if err != nil || !out.Created {
				t.Fatalf("created %v, %v", out.Created, err)
			}
			dead := map[dialog.ID]bool{id(claimed): true, id(otherClaimed): true}
			if want := id(test.want); test.want.IsZero() && dead[out.Dialog.ID] || !test.want.IsZero() && out.Dialog.ID != want {
				t.Errorf("the dialog has the id %s, want %s", out.Dialog.ID, want)
			}
			g.holds(test.caller, test.creation, out.Dialog.ID)
		})
	}
}

// holds checks that the dialog exists, that the same call returns it again, and that the
// pair has no other dialog.
func (g *grave) holds(caller dialog.Caller, creation dialog.Creation, want dialog.ID) {
	g.t.Helper()
	if _, err := g.store.Dialog(g.t.Context(), want, true); err != nil {
		g.t.Errorf("reading what was made: %v", err)
	}
	calls := map[string]func() (dialog.CreateOutcome, error){}
	create := func(c dialog.Caller, creation dialog.Creation) func() (dialog.CreateOutcome, error) {
		return func() (dialog.CreateOutcome, error) { return g.service.Create(g.t.Context(), c, creation) }
	}
	if creation.IdempotencyKey.Given {
		calls["the same call again"] = create(caller, creation)
	}
	if creation.Type == dialog.Private {
		calls["a again"], calls["b again"] = create(a, privateOfA), create(b, privateOfB)
	}
	for reason, call := range calls {
		if out, err := call(); err != nil || out.Created || out.Dialog.ID != want {
			g.t.Errorf("%s: created %v, dialog %s, %v, want %s", reason, out.Created, out.Dialog.ID, err, want)
		}
	}
}

// A creation that was overtaken while it was running must not create a second dialog for
// the pair. Here, it continues after the other one has claimed the pair and created the
// dialog.
func TestOvertakenCreation(t *testing.T) {
	t.Parallel()
	g := newGrave(t)
	g.claimPair(claimed, g.now.Now()) // the claim of the slow creation
	made, err := g.service.Create(t.Context(), backend, given(privateOfA, otherClaimed))
	if err != nil || !made.Created {
		t.Fatalf("overtaking: created %v, %v", made.Created, err)
	}
	// The next step of the slow creation is to create the dialog that it has claimed.
	var plan dialog.CreatePlan
	capture := &capturing{Store: g.store, plan: &plan}
	if _, err := dialog.NewService(capture, dialog.DefaultPolicy(dialog.DefaultLimits()), g.now.Now, nil).Create(t.Context(), a, privateOfA); err != nil {
		t.Fatalf("planning: %v", err)
	}
	plan.Dialog.ID = id(claimed)
	if err := mongo.LastStep(t.Context(), g.store, plan); !errors.Is(err, mongo.ErrAgain) {
		t.Errorf("the slow one's last step: %v, want %v", err, mongo.ErrAgain)
	}
	g.holds(a, privateOfA, made.Dialog.ID)
	n, err := g.store.Count(t.Context(), dialog.Query{Scope: dialog.Mine})
	if err != nil || n != 1 {
		t.Errorf("%d dialogs, %v, want 1", n, err)
	}
}

// A capturing store keeps the plan of a creation and creates nothing.
type capturing struct {
	dialog.Store
	plan *dialog.CreatePlan
}

func (c *capturing) Create(_ context.Context, p dialog.CreatePlan) (dialog.CreateOutcome, error) {
	*c.plan = p
	return dialog.CreateOutcome{Dialog: p.Dialog}, nil
}

func id(o bson.ObjectID) dialog.ID { return dialog.ID(o.Hex()) }
