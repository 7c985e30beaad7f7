package quickblox

import (
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"dialogs/dialog"
)

const (
	// totalsKept is how long the length of a list is remembered for its later
	// pages.
	totalsKept = time.Minute
	// totalsMost bounds the memory of these lengths: less than 2 MiB.
	totalsMost = 8192
)

// totals are the lengths of the lists that callers are reading page by page.
type totals = lru.Cache[totalKey, total]

// A totalKey is one list of one caller.
type totalKey struct {
	by   dialog.Actor
	list string
}

type total struct {
	n  int
	at time.Time
}

func newTotals() *totals {
	t, err := lru.New[totalKey, total](totalsMost)
	if err != nil {
		panic("quickblox: " + err.Error()) // only for a size below 1
	}
	return t
}

// total is how many dialogs the list of a page has. It is counted with the
// first page and remembered for the next ones. If a list is too long to count,
// the total is the limit of rows.
func (d *handler) total(r *request, page *dialog.Page, skip int) (int, error) {
	key := totalKey{r.caller.Actor().Identity(), page.List()}
	if have, ok := d.totals.Get(key); ok && skip > 0 && d.Now().Sub(have.at) < totalsKept {
		return have.n, nil
	}
	n, err := d.Service.CountAll(r.Context(), page)
	if dialog.IsTooManyRows(err) {
		n, err = d.Service.Policy().Limits.Rows, nil
	}
	if err != nil {
		return 0, err
	}
	d.totals.Add(key, total{n, d.Now()})
	return n, nil
}
