package sqlite

import (
	"context"
	"errors"
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
	// for it.
	indexMost = 256
	// indexEvery is the interval between two looks, and indexAfter the number of
	// looks after which fewer names are indexed too.
	indexEvery = time.Second
	indexAfter = 30

	// padding comes after each indexed name, so that its last characters begin a
	// part too. No name has this character.
	padding = "\x01\x01"

	// termsMost is how many parts can begin with one or two characters that are
	// searched.
	termsMost = 200
)

const (
	partCandidates = "SELECT rowid FROM name_part WHERE name_part MATCH ? UNION ALL SELECT n FROM unindexed"

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
		return strings.Join(all, " AND "), nil
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
		if err := rows.Scan(&term); err != nil {
			return "", err
		}
		terms = append(terms, quoted(term))
	}
	if len(terms) > termsMost {
		return "", rows.Err()
	}
	return strings.Join(terms, " OR "), rows.Err()
}

// trigrams are as many parts of three characters as cover a text; none when it is
// shorter.
func trigrams(text string) (all []string) {
	runes := []rune(text)
	for i := 0; i+3 <= len(runes) && len(all) < 8; i += 3 {
		all = append(all, quoted(string(runes[i:i+3])))
	}
	if n := len(runes); n > 3 && n%3 > 0 && len(all) < 8 {
		all = append(all, quoted(string(runes[n-3:])))
	}
	return all
}

// quoted is a string in an expression of FTS5.
func quoted(text string) string { return `"` + strings.ReplaceAll(text, `"`, `""`) + `"` }

// indexAlways indexes names until ctx ends.
func (s *Store) indexAlways(ctx context.Context) {
	ticker := time.NewTicker(indexEvery)
	defer ticker.Stop()
	for looks := 1; ; looks++ {
		least := unindexedMost
		if looks%indexAfter == 0 {
			least = 1
		}
		if _, err := s.indexSome(ctx, least); err != nil && ctx.Err() == nil && s.files.known() == nil {
			s.options.Log.WarnContext(ctx, "indexing names failed, will retry", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// IndexNames indexes the names that are not indexed yet. An open store does so
// automatically, a few at a time.
func (s *Store) IndexNames(ctx context.Context) error {
	for {
		some, err := s.indexSome(ctx, 1)
		if err != nil || !some {
			return err
		}
	}
}

// indexSome indexes names if at least that many are waiting: most of those that
// wait, or as many as keep a second busy.
func (s *Store) indexSome(ctx context.Context, least int) (some bool, err error) {
	for range unindexedMost / indexMost {
		var waiting int
		err := s.read(ctx, "looking for names to index", func(ctx context.Context) error {
			return s.reads.row(ctx, "SELECT count(*) FROM (SELECT 1 FROM ("+selectUnindexed+"))", []any{least}, &waiting)
		})
		if err != nil || waiting < least {
			return some, err
		}
		if err := s.write(ctx, "indexing names", (*writer).indexNames); err != nil {
			return some, err
		}
		some, least = true, 1
	}
	return some, nil
}

// An unindexed name is to be indexed; the empty one is to be forgotten.
type unindexed struct {
	n    int64
	name string
}

func (w *writer) indexNames() error {
	list, err := w.unindexed()
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

func (w *writer) unindexed() (list []unindexed, err error) {
	rows, err := w.query(selectUnindexed, indexMost)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var u unindexed
		var deleted bool
		if err := rows.Scan(&u.n, &u.name, &deleted); err != nil {
			return nil, err
		}
		if deleted {
			u.name = ""
		}
		list = append(list, u)
	}
	return list, rows.Err()
}
