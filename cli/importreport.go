package cli

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// reasons counts the reasons why dialogs were refused or differ, with the ids
// of the first ones. It stays small for any number of dialogs.
type reasons struct {
	all    map[string]*reason
	others int
}

type reason struct {
	count int
	ids   []string
}

const (
	reasonsMost = 100
	idsMost     = 3
)

func (r *reasons) add(id, why string) {
	why = visible(why)
	if r.all == nil {
		r.all = map[string]*reason{}
	}
	known := r.all[why]
	if known == nil {
		if len(r.all) == reasonsMost {
			r.others++
			return
		}
		known = &reason{}
		r.all[why] = known
	}
	known.count++
	if len(known.ids) < idsMost {
		known.ids = append(known.ids, visible(shown(id)))
	}
}

// String lists the reasons, the commonest first.
func (r *reasons) String() string {
	var b strings.Builder
	texts := slices.SortedFunc(maps.Keys(r.all), func(x, y string) int {
		return cmp.Or(cmp.Compare(r.all[y].count, r.all[x].count), cmp.Compare(x, y))
	})
	for _, text := range texts {
		known := r.all[text]
		more := ""
		if known.count > len(known.ids) {
			more = ", …"
		}
		fmt.Fprintf(&b, "%d × %s (%s%s)\n", known.count, text, strings.Join(known.ids, ", "), more)
	}
	if r.others > 0 {
		fmt.Fprintf(&b, "%d × for other reasons\n", r.others)
	}
	return b.String()
}
