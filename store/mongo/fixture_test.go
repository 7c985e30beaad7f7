package mongo_test

import (
	"testing"
	"time"

	"dialogs/dialog"
	"dialogs/store/mongo"
	"dialogs/store/mongo/mongotest"
	"dialogs/store/storetest"
)

// A fixture is a service with a store of its own and a custom class C.
type fixture struct {
	t       testing.TB
	uri     string
	store   dialog.Store
	service *dialog.Service
	now     *storetest.Clock
}

func newFixture(t testing.TB) *fixture {
	t.Helper()
	f := &fixture{t: t, uri: mongotest.URI(t), now: storetest.NewClock(time.Now())}
	f.store = open(t, f.uri, mongo.Options{Monitor: recorder()})
	t.Cleanup(func() { closeStore(t, f.store) })
	f.service = dialog.NewService(f.store, dialog.DefaultPolicy(dialog.DefaultLimits()), f.now.Now, nil)
	if _, err := f.service.DefineClass(t.Context(), dialog.Caller{APIKey: "backend"}, "C", []dialog.Field{
		{Name: "text", Type: dialog.String}, {Name: "count", Type: dialog.Integer},
	}); err != nil {
		t.Fatalf("defining a class: %v", err)
	}
	return f
}

// create makes a dialog of owner, admin, b and c; a Private one of owner and b.
func (f *fixture) create(typ dialog.Type) dialog.ID {
	f.t.Helper()
	c := dialog.Creation{Type: typ, Name: dialog.Some("old name"), Photo: dialog.Some("old photo"), Admins: []dialog.UserID{"admin"}}
	owner := dialog.Caller{User: "owner"}
	switch typ {
	case dialog.Group:
		c.Occupants = []dialog.UserID{"admin", "b", "c"}
	case dialog.Private:
		c = dialog.Creation{Type: typ, Occupants: []dialog.UserID{"b"}}
	}
	if typ != dialog.PublicGroup {
		c.Custom = []dialog.CustomInput{{Class: "C", Fields: map[string]any{"text": "old", "count": 1}}}
	}
	out, err := f.service.Create(f.t.Context(), owner, c)
	if err != nil {
		f.t.Fatalf("creating a dialog: %v", err)
	}
	return out.Dialog.ID
}
