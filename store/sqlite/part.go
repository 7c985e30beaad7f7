package sqlite

import (
	"cmp"
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"time"

	"dialogs/dialog"
)

// The table name_part finds the names that have some parts of three characters,
// which FTS5 calls trigrams. Its answers are candidates: the name itself decides.
// Names that are not in it yet are in the table unindexed, by triggers, and each
// search looks at them too. They are indexed in the background, many at once:
// then it costs a tenth.

const (
	// unindexedMost is the number of names that may wait to be indexed.
	unindexedMost = 1000
	// indexMost is how many names one job indexes, so that no update waits long
	// for it. It then rests indexRest times as long as it has worked. While there are
	// at most quietCalls other calls in an interval, as many as health checks make, it
	// indexes indexQuietMost names, and rests as long as it has worked.
	indexMost, indexRest = 256, 19
	indexQuietMost       = 1024
	quietCalls           = 4
	// indexEvery is the interval between two looks, and indexAfter the number of
	// looks after which fewer names are indexed too.
	indexEvery = time.Second
	indexAfter = 30

	// padding comes after each indexed name, so that its last characters begin a
	// part too. No name has this character.
	padding = "\x01\x01"

	// trigramsTried is how many trigrams of a part are looked at, and trigramsMost how many
	// of them are searched: those that at most trigramFactor times as many names have as the
	// rarest one, estimated from the first trigramNames names of each.
	trigramsTried, trigramsMost = 16, 6
	trigramFactor               = 32
	trigramNames                = 256

	// termsMost is how many parts can begin with one or two characters that are
	// searched.
	termsMost = 200
)

const (
	partCandidates = "SELECT rowid FROM name_part WHERE name_part MATCH ? UNION ALL SELECT n FROM unindexed"

	selectFirst = "SELECT count(*), coalesce(min(rowid), 0), coalesce(max(rowid), 0) FROM (SELECT rowid FROM name_part WHERE name_part MATCH ? LIMIT ?)"

	selectTerms = "SELECT term FROM name_trigram WHERE term >= ? AND term < ? LIMIT ?"

	// selectUnindexed leaves out the names that another version of the program
	// has stored: that version, or the sweep, stores them again.
	selectUnindexed = "SELECT u.n, coalesce(d.name, ''), coalesce(d.deleted, 1) FROM unindexed u LEFT JOIN dialog d ON d.n = u.n" +
		" WHERE d.n IS NULL OR d.deleted = 1 OR " + currentKey + " ORDER BY u.n LIMIT ?"
)

// streamByParts reads the dialogs of the types whose names this version has stored
// and that match an expression of trigrams, or are not indexed.
func streamByParts(match string, types []dialog.Type, order listOrder, narrow []condition) stream {
	return stream{
		from:     "(SELECT DISTINCT rowid AS n FROM (" + partCandidates + ")) c CROSS JOIN dialog d ON d.n = c.n",
		fromArgs: []any{match},
		key:      order.key,
		conditions: slices.Concat(
			[]condition{when("d.deleted = 0"), when(currentKey)}, ofTypes(types), narrow,
		),
	}
}

// matchOf is the expression for names that may have a part; empty when the index
// can't find it. Parts of one or two characters are found by all trigrams that
// begin with them, if thorough is set.
func (s *Store) matchOf(ctx context.Context, part string, thorough bool) (string, error) {
	if all := trigrams(part); len(all) > 0 {
		rare, err := s.rarest(ctx, all)
		return strings.Join(rare, " AND "), err
	}
	if !thorough {
		return "", nil
	}
	rows, err := s.reads.query(ctx, selectTerms, part, part+"\U0010ffff", termsMost+1)
	if err != nil {
		return "", err
	}
	defer rows.Close()
	terms := []string{quoted("\x01" + padding)} // finds nothing, like no parts at all
	for rows.Next() {
		var term string
		if err := scan(rows, &term); err != nil {
			return "", err
		}
		terms = append(terms, quoted(term))
	}
	if len(terms) > termsMost {
		return "", rows.Err()
	}
	return strings.Join(terms, " OR "), rows.Err()
}

// trigrams are the different parts of three characters of a text, of a long one as many
// as are tried; none when it is shorter.
func trigrams(text string) (all []string) {
	runes := []rune(text)
	for i := 0; i+3 <= len(runes) && len(all) < trigramsTried; i++ {
		if one := quoted(string(runes[i : i+3])); !slices.Contains(all, one) {
			all = append(all, one)
		}
	}
	return all
}

// rarest leaves out the trigrams that far more names have than the rarest ones: FTS5 reads
// their whole lists, and they hardly narrow the search. How many names have a trigram is
// estimated from the distance between the first of them.
func (s *Store) rarest(ctx context.Context, all []string) ([]string, error) {
	if len(all) < 2 {
		return all, nil
	}
	spaces := make(map[string]int64, len(all))
	for _, one := range all {
		var names int
		var first, last int64
		if err := s.reads.row(ctx, selectFirst, []any{one, trigramNames}, &names, &first, &last); err != nil {
			return nil, err
		}
		spaces[one] = math.MaxInt64 // few names have it
		if names == trigramNames {
			spaces[one] = last - first
		}
	}
	slices.SortStableFunc(all, func(a, b string) int { return cmp.Compare(spaces[b], spaces[a]) })
	kept := 1
	for kept < min(len(all), trigramsMost) && spaces[all[kept]] >= spaces[all[0]]/trigramFactor {
		kept++
	}
	return all[:kept], nil
}

// quoted is a string in an expression of FTS5.
func quoted(text string) string { return `"` + strings.ReplaceAll(text, `"`, `""`) + `"` }

// indexAlways indexes names until ctx ends. After an import, many wait: then it goes on
// without waiting for the next look, and rests for as long as it has worked; if there
// are other calls, much longer, and it works in smaller steps.
func (s *Store) indexAlways(ctx context.Context) {
	ticker := time.NewTicker(indexEvery)
	defer ticker.Stop()
	for looks := 1; ; {
		least := unindexedMost
		if looks%indexAfter == 0 {
			least = 1
		}
		rest, err := s.indexStep(ctx, least)
		if err != nil && ctx.Err() == nil && s.files.known() == nil {
			s.options.Log.WarnContext(ctx, "indexing names failed, will retry", "error", err)
		}
		next := ticker.C
		if rest > 0 && err == nil {
			next = time.After(rest)
		} else {
			looks++
		}
		select {
		case <-ctx.Done():
			return
		case <-next:
		}
	}
}

// indexStep indexes some names if at least that many wait, and returns how long to rest
// before the next step; 0 if there was nothing to do.
func (s *Store) indexStep(ctx context.Context, least int) (rest time.Duration, err error) {
	begun := time.Now()
	most, times := s.pace.now(begun, s.entered.Load())
	some, err := s.indexSome(ctx, least, most)
	s.pace.own++ // that looked
	if !some || err != nil {
		return 0, err
	}
	s.pace.own++ // that indexed
	return time.Duration(times) * time.Since(begun), nil
}

// A pace decides how fast names are indexed, by what else the store does.
type pace struct {
	begin time.Time // of the current interval
	// own are the calls that indexed names, and before the others up to the current
	// interval.
	own, before int64
	quiet       bool
}

// now returns how many names to index, and how many times as long to rest. entered are all
// calls so far. One busy moment is enough for small steps, and large ones are for the time
// after a whole quiet interval.
func (p *pace) now(at time.Time, entered int64) (most, rest int) {
	others := entered - p.own
	over := at.Sub(p.begin) >= indexEvery
	switch {
	case others-p.before > quietCalls:
		p.quiet = false
	case over:
		p.quiet = !p.begin.IsZero()
	}
	if over {
		p.begin, p.before = at, others
	}
	if p.quiet {
		return indexQuietMost, 1
	}
	return indexMost, indexRest
}

// IndexNames indexes the names that are not indexed yet. An open store does so
// automatically.
func (s *Store) IndexNames(ctx context.Context) error {
	for {
		some, err := s.indexSome(ctx, 1, indexQuietMost)
		if err != nil || !some {
			return err
		}
	}
}

// indexSome indexes at most that many names if at least that many wait.
func (s *Store) indexSome(ctx context.Context, least, most int) (some bool, err error) {
	var waiting int
	err = s.read(ctx, "looking for names to index", func(ctx context.Context) error {
		return s.reads.row(ctx, "SELECT count(*) FROM (SELECT 1 FROM ("+selectUnindexed+"))", []any{least}, &waiting)
	})
	if err != nil || waiting < least {
		return false, err
	}
	return true, s.write(ctx, "indexing names", func(w *writer) error { return w.indexNames(most) })
}

// An unindexed name is to be indexed; the empty one is to be forgotten.
type unindexed struct {
	n    int64
	name string
}

func (w *writer) indexNames(most int) error {
	list, err := w.unindexed(most)
	if err != nil {
		return err
	}
	for _, u := range list {
		if u.name == "" {
			err = w.exec("DELETE FROM name_part WHERE rowid = ?", u.n)
		} else {
			err = w.exec("INSERT OR REPLACE INTO name_part (rowid, name) VALUES (?, ?)", u.n, dialog.FoldName(u.name)+padding)
		}
		if err = errors.Join(err, w.exec("DELETE FROM unindexed WHERE n = ?", u.n)); err != nil {
			return err
		}
	}
	return nil
}

func (w *writer) unindexed(most int) (list []unindexed, err error) {
	rows, err := w.query(selectUnindexed, most)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var u unindexed
		var deleted bool
		if err := scan(rows, &u.n, &u.name, &deleted); err != nil {
			return nil, err
		}
		if deleted {
			u.name = ""
		}
		list = append(list, u)
	}
	return list, rows.Err()
}
