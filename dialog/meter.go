package dialog

import (
	"cmp"
	"hash/maphash"
	"math"
	"slices"
	"sync"
	"time"
)

// meterUsers bounds the memory of a meter, to about 2 MB.
const meterUsers = 32_768

// A meter counts how much each user has done. What was done counts less and less,
// until nothing of it counts after the period of the rate.
type meter struct {
	mu    sync.Mutex
	seeds [2]maphash.Seed
	used  map[meteredUser]usage
}

// A meteredUser is a hash of a user's id. Its seeds are secret, so that nobody can
// choose to share the count of another.
type meteredUser [2]uint64

// nameOf is the user in the meter. m.mu must be held.
func (m *meter) nameOf(user UserID) meteredUser {
	if m.used == nil {
		m.used, m.seeds = map[meteredUser]usage{}, [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}
	}
	return meteredUser{maphash.String(m.seeds[0], string(user)), maphash.String(m.seeds[1], string(user))}
}

// A usage is what counted of a user's doing at an instant.
type usage struct {
	n  float64
	at time.Time
}

// left is what counts at a later instant.
func (u usage) left(r rate, now time.Time) float64 {
	passed := max(0, now.Sub(u.at))
	return max(0, u.n-float64(r.most)*float64(passed)/float64(r.period))
}

// take counts n more for the user, unless that is more than the rate allows. The
// caller gives back what was not done in the end.
func (m *meter) take(user UserID, n int, r rate, now time.Time) error {
	if n == 0 || r.most == 0 {
		return nil
	}
	if n > r.most {
		return r.refusalForEver(n)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	name := m.nameOf(user)
	before := m.used[name].left(r, now)
	if over := before + float64(n) - float64(r.most); over > 0 {
		return r.refusal(time.Duration(over / float64(r.most) * float64(r.period)))
	}
	if _, known := m.used[name]; !known && len(m.used) >= meterUsers {
		m.forget(r, now)
	}
	m.used[name] = usage{before + float64(n), later(m.used[name].at, now)}
	return nil
}

// count returns how much counts of what the user has done.
func (m *meter) count(user UserID, r rate, now time.Time) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return int(math.Ceil(m.used[m.nameOf(user)].left(r, now)))
}

// giveBack uncounts n.
func (m *meter) giveBack(user UserID, n int, r rate, now time.Time) {
	if n <= 0 || r.most == 0 {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	name := m.nameOf(user)
	u, known := m.used[name]
	if !known {
		return
	}
	if u.n = u.left(r, now) - float64(n); u.n <= 0 {
		delete(m.used, name)
		return
	}
	m.used[name] = usage{u.n, later(u.at, now)}
}

// later keeps the instants of a usage in order: changes that run at once may come
// with theirs out of order.
func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// forget drops the half of the users who have done the least. m.mu must be held.
func (m *meter) forget(r rate, now time.Time) {
	type entry struct {
		name meteredUser
		n    float64
	}
	all := make([]entry, 0, len(m.used))
	for name, u := range m.used {
		all = append(all, entry{name, u.left(r, now)})
	}
	slices.SortFunc(all, func(a, b entry) int { return cmp.Compare(a.n, b.n) })
	for _, e := range all[:len(all)/2] {
		delete(m.used, e.name)
	}
}

// meters are the counts behind the rates of [Quotas].
type meters struct{ dialogs, occupants, handedOver meter }

// A reservation is what a user has counted for a change that is not done yet.
type reservation struct {
	meters          *meters
	quotas          *Quotas
	user            UserID
	dialogs, others int
	field           string
	now             time.Time
}

// reserve counts a change of the caller's before it is made. Servers are not
// counted.
func (m *meters) reserve(q *Quotas, c Caller, dialogs, others int, field string, now time.Time) (reservation, error) {
	r := reservation{meters: m, quotas: q, now: now, field: field}
	if c.Kind() != User {
		return r, nil
	}
	r.user = c.User
	if err := m.dialogs.take(c.User, dialogs, q.dialogs(), now); err != nil {
		return r, err
	}
	if err := m.occupants.take(c.User, others, q.occupants(field), now); err != nil {
		m.dialogs.giveBack(c.User, dialogs, q.dialogs(), now)
		return r, err
	}
	r.dialogs, r.others = dialogs, others
	return r, nil
}

// settle keeps what was really done, and gives the rest back. A change whose
// outcome is unknown counts in full.
func (r reservation) settle(dialogs, others int, err error) {
	if r.user == "" || IsCode(err, Unavailable) {
		return
	}
	if err != nil {
		dialogs, others = 0, 0
	}
	r.meters.dialogs.giveBack(r.user, r.dialogs-dialogs, r.quotas.dialogs(), r.now)
	r.meters.occupants.giveBack(r.user, r.others-others, r.quotas.occupants(r.field), r.now)
}

// handOver counts a PublicGroup that the caller has handed over to another user.
func (m *meters) handOver(q *Quotas, c Caller, out *Outcome, now time.Time) {
	if c.Kind() != User || out.Change == nil || out.Replayed || out.Dialog.Type != PublicGroup || out.Change.NewOwner == "" {
		return
	}
	_ = m.handedOver.take(c.User, 1, q.handedOver(), now) // more than may count makes no difference
}

// handedOverBy returns how many public groups count for the caller although they
// were handed over.
func (m *meters) handedOverBy(q *Quotas, c Caller, now time.Time) int {
	if c.Kind() != User || q.PublicGroups == 0 {
		return 0
	}
	return m.handedOver.count(c.User, q.handedOver(), now)
}

// othersAdded counts the users, other than the caller, whom a new dialog
// contains.
func (d *Dialog) othersAdded(c Caller) int {
	return len(Without(union(d.Occupants, d.Admins), []UserID{c.User}))
}

// othersAdded counts the users, other than the caller, whom the change may add to
// the dialog.
func (p *Plan) othersAdded() int {
	added := union(p.AddOccupants, p.AddAdmins)
	if p.NewOwner != "" {
		added = union(added, []UserID{p.NewOwner})
	}
	return len(Without(added, []UserID{p.Caller.User}))
}

// othersAdded counts the users, other than the caller, who are in the dialog
// only since the change.
func (o *Outcome) othersAdded(c Caller) int {
	if o.Change == nil || o.Replayed {
		return 0
	}
	added := o.Change.Joined
	if o.Dialog.Type == PublicGroup {
		added = union(added, o.Change.NewAdmins)
		if o.Change.NewOwner != "" {
			added = union(added, []UserID{o.Change.NewOwner})
		}
	}
	return len(Without(added, []UserID{c.User}))
}

func union(a, b []UserID) []UserID { return slices.Concat(a, Without(b, a)) }
