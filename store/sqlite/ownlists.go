package sqlite

import (
	"iter"
	"math"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"dialogs/dialog"
)

// largestList is the part of the memory that one list may take.
const largestList = 8

// ownLists keep the lists of the users who asked last in memory, in order: to
// read a page, SQLite would have to look at all dialogs of its user and sort
// them. A list has keys and numbers only. The dialogs of a page are those in
// memory, and the others are read from the database; a page is right when the
// database is still at the lists' position.
//
// The writer applies each commit before anybody hears of it. A commit of another
// process shows in the position, and empties everything.
type ownLists struct {
	most int64 // bytes

	// pending is the highest position that this process has begun to commit.
	pending atomic.Int64

	mu sync.Mutex
	// position is the state of the database that the lists have; unknown
	// before the first list and after a commit that failed.
	position  int64
	users     *simplelru.LRU[dialog.UserID, *userLists]
	bytes     int64
	builds    map[*build]struct{}
	documents *documents
}

const unknown = math.MinInt64

// userLists are the lists of one user, by updatedAt and by createdAt; nil where
// nobody has asked.
type userLists struct{ updated, created *ownList }

func (l *userLists) bytes() int64 { return l.updated.bytes() + l.created.bytes() }

func (l *userLists) in(field dialog.OrderField) **ownList {
	if field == dialog.ByCreatedAt {
		return &l.created
	}
	return &l.updated
}

// items are a dialog's places in lists by updatedAt and by createdAt; zero for
// none.
type items struct{ updated, created item }

func (i *items) in(field dialog.OrderField) item {
	if field == dialog.ByCreatedAt {
		return i.created
	}
	return i.updated
}

// A move is what one change of a dialog means for the lists of its members.
type move struct {
	id            [12]byte
	n             int64
	before, after items
	// next is what the dialog is afterwards, as it would be read; nil for unknown.
	next *dialog.Dialog
	// members have the dialog in their lists after the change, departed no
	// longer do.
	members  iter.Seq[dialog.UserID]
	departed []dialog.UserID
}

// applyTo brings a list of one user to the state after the change.
func (m *move) applyTo(l *ownList, user dialog.UserID, field dialog.OrderField) {
	if slices.Contains(m.departed, user) {
		l.move(m.before.in(field), item{})
		return
	}
	for u := range m.members {
		if u == user {
			l.move(m.before.in(field), m.after.in(field))
			return
		}
	}
}

// A commit is what one transaction did.
type commit struct {
	// from is the position that it began at, to the one that it led to.
	from, to int64
	moves    []move
}

// A build is a list that is being read. It collects the commits in the meantime.
type build struct {
	user    dialog.UserID
	field   dialog.OrderField
	from    int64
	commits []commit
	// void is set when the lists were emptied in the meantime.
	void bool
}

// newOwnLists returns lists that take at most that many bytes, and as many bytes of
// the dialogs in them.
func newOwnLists(most, documents int64) *ownLists {
	users, err := simplelru.NewLRU[dialog.UserID, *userLists](math.MaxInt32, nil)
	if err != nil {
		panic("sqlite: making the lists of users: " + err.Error()) // its size is positive
	}
	l := &ownLists{most: most, position: unknown, users: users, builds: map[*build]struct{}{}, documents: newDocuments(documents)}
	l.pending.Store(unknown)
	return l
}

// longest is how many dialogs one list may have.
func (o *ownLists) longest() int { return int(o.most / largestList / itemBytes) }

// A listPage is a page of a list at a position.
type listPage struct {
	items []item
	// documents are the dialogs of the items; nil where one is not in memory.
	documents []*dialog.Dialog
	position  int64
}

// page returns a page of a list. known is false when there is no such list: it
// must be built. ok is false when the list does not have the whole page.
func (o *ownLists) page(user dialog.UserID, field dialog.OrderField, wanted *wantedItems) (page listPage, known, ok bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	lists, found := o.users.Get(user)
	if !found || *lists.in(field) == nil {
		return listPage{}, false, false
	}
	page.position = o.position
	page.items, ok = (*lists.in(field)).page(wanted)
	page.documents = o.documents.of(page.items)
	return page, true, ok
}

// pageAt returns the page of these items at a position.
func (o *ownLists) pageAt(list []item, position int64) listPage {
	o.mu.Lock()
	defer o.mu.Unlock()
	page := listPage{items: list, position: position}
	if position == o.position {
		page.documents = o.documents.of(list)
	} else {
		page.documents = make([]*dialog.Dialog, len(list))
	}
	return page
}

// document returns a dialog that is in memory, and the position at which it is
// right.
func (o *ownLists) document(id [12]byte) (known document, position int64, ok bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	known, ok = o.documents.recent.Get(id)
	return known, o.position, ok
}

// keep keeps dialogs that were read at a position, if that is where the lists are.
func (o *ownLists) keep(position int64, numbers []int64, list ...dialog.Dialog) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.follow(position)
	if position != o.position {
		return
	}
	for i := range list {
		if id, ok := binaryID(list[i].ID); ok && !list[i].Deleted {
			o.documents.keep(id, document{numbers[i], &list[i]})
		}
	}
}

// follow empties everything if the position of the database shows that another
// process has written, or if none was known.
func (o *ownLists) follow(position int64) {
	if position > o.position && position > o.pending.Load() {
		o.empty(position)
	}
}

// begin must be called before a list is read from the database, and end after
// it, whatever happened.
func (o *ownLists) begin(user dialog.UserID, field dialog.OrderField) *build {
	o.mu.Lock()
	defer o.mu.Unlock()
	b := &build{user: user, field: field, from: o.position}
	o.builds[b] = struct{}{}
	return b
}

// end keeps the list that was read at a position, with the commits since then;
// nil for none.
func (o *ownLists) end(b *build, l *ownList, position int64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.builds, b)
	if l == nil || b.void {
		return
	}
	o.follow(position)
	if position != o.position && position != b.from && !b.saw(position) {
		return // the state is not one that this process knows
	}
	for _, c := range b.commits {
		if c.to <= position {
			continue
		}
		for i := range c.moves {
			c.moves[i].applyTo(l, b.user, b.field)
		}
	}
	lists, ok := o.users.Get(b.user)
	if !ok {
		lists = &userLists{}
		o.users.Add(dialog.UserID(strings.Clone(string(b.user))), lists)
	}
	o.bytes -= lists.bytes()
	*lists.in(b.field) = l
	o.bytes += lists.bytes()
	o.shrink()
}

func (b *build) saw(position int64) bool {
	for _, c := range b.commits {
		if c.to == position {
			return true
		}
	}
	return false
}

// apply brings the lists to the state after a commit, or empties them when it
// failed: it may have happened nevertheless.
func (o *ownLists) apply(c commit, failed error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if failed != nil {
		o.pending.Store(unknown)
		o.empty(unknown)
		return
	}
	if c.from != o.position {
		// Another process has written since. If the position is unknown there
		// is no list.
		o.empty(c.to)
		return
	}
	o.position = c.to
	for b := range o.builds {
		b.commits = append(b.commits, c)
	}
	for i := range c.moves {
		o.documents.replace(&c.moves[i])
	}
	if o.users.Len() == 0 {
		return
	}
	for i := range c.moves {
		m := &c.moves[i]
		for _, u := range m.departed {
			o.change(u, &m.before, &items{})
		}
		for u := range m.members {
			o.change(u, &m.before, &m.after)
		}
	}
	o.shrink()
}

func (o *ownLists) change(u dialog.UserID, before, after *items) {
	lists, ok := o.users.Peek(u)
	if !ok {
		return
	}
	o.bytes -= lists.bytes()
	lists.updated.move(before.updated, after.updated)
	lists.created.move(before.created, after.created)
	o.bytes += lists.bytes()
}

// empty forgets everything.
func (o *ownLists) empty(position int64) {
	o.users.Purge()
	o.documents.empty()
	o.bytes, o.position = 0, position
	for b := range o.builds {
		b.void = true
	}
}

// shrink removes the lists of the users who have not asked for the longest time.
func (o *ownLists) shrink() {
	for o.bytes > o.most {
		_, lists, ok := o.users.RemoveOldest()
		if !ok {
			return
		}
		o.bytes -= lists.bytes()
	}
}
