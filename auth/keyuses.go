package auth

import (
	"context"
	"maps"
	"sync"
	"time"

	"dialogs/dialog"
)

// useTimeout is how long storing the use of a key may take.
const useTimeout = 5 * time.Second

// keyUses stores the day of the last use of API keys, once a day for each, and no request
// waits for that.
type keyUses struct {
	base  context.Context // of the writes, which outlive the requests
	store dialog.KeyStore
	now   func() time.Time

	mu      sync.Mutex // guards what follows
	days    map[string]time.Time
	closed  bool
	writing sync.WaitGroup
}

func newKeyUses(ctx context.Context, c Config) *keyUses {
	return &keyUses{base: context.WithoutCancel(ctx), store: c.Keys, now: c.Now, days: map[string]time.Time{}}
}

// note remembers that a key is used today.
func (u *keyUses) note(key dialog.APIKey) {
	day := u.now().UTC().Truncate(24 * time.Hour)
	if !key.UsedOn.Before(day) {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.closed || !u.days[key.Name].Before(day) {
		return
	}
	if len(u.days) >= dialog.MaxAPIKeys { // keys that were revoked stay in it
		maps.DeleteFunc(u.days, func(_ string, used time.Time) bool { return used.Before(day) })
	}
	u.days[key.Name] = day
	u.writing.Go(func() { u.write(key.Name, day) })
}

// write stores a use. What fails is tried again with the next use.
func (u *keyUses) write(name string, day time.Time) {
	ctx, cancel := context.WithTimeout(u.base, useTimeout)
	defer cancel()
	if u.store.UseAPIKey(ctx, name, day) == nil {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.days, name)
}

func (u *keyUses) close() {
	u.mu.Lock()
	u.closed = true
	u.mu.Unlock()
	u.writing.Wait()
}
