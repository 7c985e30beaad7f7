package storetest

import (
	"crypto/sha256"

	"dialogs/dialog"
)

func (e *env) addKey(name string, secret string) error {
	return e.store.AddAPIKey(e.Context(), dialog.APIKey{Name: name, Hash: sha256.Sum256([]byte(secret)), CreatedAt: e.clock.Now()})
}

func testAPIKeys(e *env) {
	var want []dialog.APIKey
	for _, name := range []string{"B", "a", "b", "\u00e1", "a\u0301"} {
		e.tick()
		if err := e.addKey(name, name); err != nil {
			e.Fatalf("adding %q: %v", name, err)
		}
		want = append(want, dialog.APIKey{Name: name, Hash: sha256.Sum256([]byte(name)), CreatedAt: e.clock.Now()})
	}
	want[2], want[3], want[4] = want[4], want[2], want[3] // by name, byte by byte: B a á(decomposed) b á
	list := func() []dialog.APIKey {
		e.Helper()
		keys, err := e.store.APIKeys(e.Context())
		if err != nil {
			e.Fatalf("listing: %v", err)
		}
		return keys
	}
	e.same(list(), want, "the keys")
	e.wantError(e.addKey("a", "other"), dialog.ErrAPIKeyExists("a"), "a name that is taken")
	e.same(list(), want, "the keys after a name that is taken")
	e.wantError(e.store.RemoveAPIKey(e.Context(), "A"), dialog.ErrAPIKeyNotFound("A"), "removing a name that looks alike")
	if err := e.store.RemoveAPIKey(e.Context(), "a"); err != nil {
		e.Errorf("removing: %v", err)
	}
	e.wantError(e.store.RemoveAPIKey(e.Context(), "a"), dialog.ErrAPIKeyNotFound("a"), "removing again")
	e.same(list(), append(want[:1:1], want[2:]...), "the keys without it")
	if err := e.addKey("a", "new"); err != nil {
		e.Errorf("a name that is free again: %v", err)
	}
	e.same(list()[1].Hash, sha256.Sum256([]byte("new")), "the hash of the new key")
}
