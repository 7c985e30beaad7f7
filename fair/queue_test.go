package fair_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"dialogs/fair"
)

// order takes everything out of a queue and returns it in order.
func order(q *fair.Queue[string, string]) string {
	var items []string
	for e, ok := q.Pop(); ok; e, ok = q.Pop() {
		items = append(items, e.Item)
	}
	return strings.Join(items, " ")
}

func TestOrder(t *testing.T) {
	type push struct {
		caller string
		cost   int
		item   string
	}
	for _, c := range []struct {
		reason  string
		quantum int
		pushes  []push
		want    string
	}{
		{
			"the work of one caller keeps its order", 1,
			[]push{{"a", 1, "a1"}, {"a", 1, "a2"}, {"a", 1, "a3"}},
			"a1 a2 a3",
		},
		{
			"callers take turns, no matter who came first with much work", 1,
			[]push{{"a", 1, "a1"}, {"a", 1, "a2"}, {"a", 1, "a3"}, {"b", 1, "b1"}, {"b", 1, "b2"}},
			"a1 b1 a2 b2 a3",
		},
		{
			"light work passes heavy work that came first", 4,
			[]push{{"a", 100, "a1"}, {"a", 100, "a2"}, {"b", 1, "b1"}, {"b", 1, "b2"}},
			"b1 b2 a1 a2",
		},
		{
			"heavy work gets its share of the turns", 4,
			[]push{{"a", 8, "a1"}, {"b", 4, "b1"}, {"b", 4, "b2"}, {"b", 4, "b3"}, {"b", 4, "b4"}},
			"b1 a1 b2 b3 b4",
		},
	} {
		q := fair.New[string, string](c.quantum)
		for _, p := range c.pushes {
			q.Push(p.caller, p.caller, p.cost, p.item)
		}
		if got := order(q); got != c.want {
			t.Errorf("%s: got %q, want %q", c.reason, got, c.want)
		}
	}
}

// TestMembers: the members of one caller take turns, and together have one turn beside
// others.
func TestMembers(t *testing.T) {
	q := fair.New[string, string](1)
	for _, p := range [][2]string{{"key", "a"}, {"key", "a"}, {"key", "a"}, {"other", "other"}, {"other", "other"}, {"other", "other"}, {"key", "b"}, {"key", "b"}} {
		q.Push(p[0], p[1], 1, p[1])
	}
	if got := []int{q.LenOf("key"), q.LenOfMember("key", "a"), q.LenOfMember("key", "b"), q.LenOfMember("nobody", "a")}; !cmp.Equal(got, []int{5, 3, 2, 0}) {
		t.Errorf("lengths: %v", got)
	}
	var got []string
	for range 3 {
		e, _ := q.Pop()
		got = append(got, e.Item)
	}
	q.Push("key", "c", 1, "c") // in the round that has begun
	if got := strings.Join(got, " ") + " " + order(q); got != "a other b other a other b c a" {
		t.Errorf("got %s", got)
	}
	if q.LenOfMember("key", "a") != 0 {
		t.Error("a member is remembered without work")
	}
}

// TestNewcomer: a caller arrives while other callers have a backlog.
func TestNewcomer(t *testing.T) {
	q := fair.New[string, string](2)
	for _, caller := range []string{"a", "b", "c"} {
		for range 5 {
			q.Push(caller, caller, 10, caller)
		}
	}
	q.Pop()
	q.Push("new", "new", 1, "first")
	if e, _ := q.Pop(); e.Item != "first" {
		t.Errorf("%s came before the only work of a newcomer", e.Item)
	}
	q.Push("new", "new", 1, "second")
	if e, _ := q.Pop(); e.Item != "second" {
		t.Errorf("%s came before what the newcomer has credit for", e.Item)
	}
	q.Push("new", "new", 1, "third")
	if e, _ := q.Pop(); e.Item == "third" {
		t.Error("a caller without credit came before the others")
	}
}

// TestCharge: work turns out to cost more than expected.
func TestCharge(t *testing.T) {
	q := fair.New[string, string](1)
	first := q.Push("a", "a", 1, "a1")
	q.Push("b", "b", 1, "b1")
	q.Pop()
	q.Charge(first, 2)
	q.Push("a", "a", 1, "a2")
	q.Push("b", "b", 1, "b2")
	q.Push("b", "b", 1, "b3")
	q.Push("b", "b", 1, "b4")
	if got := order(q); got != "b1 b2 b3 a2 b4" {
		t.Errorf("after work that cost more than expected: %s", got)
	}
}

func TestRemove(t *testing.T) {
	q := fair.New[string, string](1)
	q.Push("a", "a", 1, "a1")
	second := q.Push("a", "a", 1, "a2")
	q.Push("a", "a", 1, "a3")
	if !q.Remove(second) || q.Remove(second) {
		t.Error("an entry is removed once")
	}
	if got := []int{q.Len(), q.LenOf("a"), q.LenOf("b")}; !cmp.Equal(got, []int{2, 2, 0}) {
		t.Errorf("lengths: %v", got)
	}
	q.Push("b", "b", 1, "b1")
	if last := q.Heaviest(func(string) int { return 1 }); last.Item != "a3" {
		t.Errorf("the last entry of the caller with the most: %s", last.Item)
	}
	if last := q.Heaviest(func(item string) int { return int(item[0]-'a')*3 + 1 }); last.Item != "b1" {
		t.Errorf("the last entry of the caller with one heavy entry: %s", last.Item)
	}
	if got := order(q); got != "a1 b1 a3" {
		t.Errorf("the others: %s", got)
	}
	if q.Heaviest(func(string) int { return 1 }) != nil {
		t.Error("an empty queue has no heaviest caller")
	}
}

// TestEverythingOnce makes random pushes, pops and removals: nothing is lost or returned
// twice, and the work of each caller stays in order.
func TestEverythingOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q := fair.New[int, int](rapid.IntRange(1, 10).Draw(t, "quantum"))
		waits := map[int][]*fair.Entry[int, int]{}
		n := 0
		t.Repeat(map[string]func(*rapid.T){
			"push": func(t *rapid.T) {
				caller := rapid.IntRange(0, 3).Draw(t, "caller")
				n++
				waits[caller] = append(waits[caller], q.Push(caller, caller, rapid.IntRange(0, 30).Draw(t, "cost"), n*4+caller))
			},
			"pop": func(t *rapid.T) {
				e, ok := q.Pop()
				if !ok {
					return
				}
				if own := waits[e.Item%4]; len(own) == 0 || own[0] != e {
					t.Fatalf("%d is not the first of its caller", e.Item)
				}
				waits[e.Item%4] = waits[e.Item%4][1:]
				q.Charge(e, rapid.IntRange(0, 10).Draw(t, "more"))
			},
			"remove": func(t *rapid.T) {
				caller := rapid.IntRange(0, 3).Draw(t, "caller")
				if own := waits[caller]; len(own) > 0 {
					if last := own[len(own)-1]; !q.Remove(last) {
						t.Fatalf("%d does not wait", last.Item)
					}
					waits[caller] = own[:len(own)-1]
				}
			},
			"": func(t *rapid.T) {
				all := 0
				for caller, own := range waits {
					if all += len(own); q.LenOf(caller) != len(own) {
						t.Fatalf("caller %d has %d entries, want %d", caller, q.LenOf(caller), len(own))
					}
				}
				if _, ok := q.Next(); q.Len() != all || ok != (all > 0) {
					t.Fatalf("%d entries, next %v, want %d", q.Len(), ok, all)
				}
			},
		})
	})
}
