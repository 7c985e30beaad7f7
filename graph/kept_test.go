package graph

import (
	"fmt"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"

	"dialogs/api"
	"dialogs/dialog"
)

// watchingMuch returns a subscription whose document takes about 190 KB.
func watchingMuch(t *testing.T, n int) *graphql.OperationContext {
	t.Helper()
	text := fmt.Sprintf("subscription { dialogsChanged { dialog { %s } } } # %d", strings.Repeat("id ", 480), n)
	doc, err := parser.ParseQuery(&ast.Source{Input: text})
	if err != nil {
		t.Fatal(err)
	}
	return &graphql.OperationContext{Doc: doc, RawQuery: text}
}

// TestKeeping: users open subscriptions with large documents until they are refused.
func TestKeeping(t *testing.T) {
	k := newKeeping(1 << 20)
	fill := func(name dialog.UserID, n int) (releases []func(), refusal *api.Refusal) {
		for i := range 100 {
			release, err := k.keep(dialog.Actor{User: name}, watchingMuch(t, n+i), 0)
			if err != nil {
				return releases, api.AsRefusal(err)
			}
			releases = append(releases, release)
		}
		t.Fatalf("%s may keep any number of documents: %d bytes", name, k.bytes)
		return nil, nil
	}
	alice, refusal := fill("alice", 0)
	if len(alice) != 5 || refusal.Code != api.Unavailable || !strings.Contains(refusal.Message, "(limit 1048576 bytes, --memory-documents)") {
		t.Errorf("one caller keeps %d documents, and is refused with %+v", len(alice), refusal)
	}
	bob, _ := fill("bob", 100)
	carol, refusal := fill("carol", 200)
	if len(bob) != 5 || len(carol) != 0 || refusal.Code != api.Unavailable || !strings.Contains(refusal.Message, "twice --memory-documents") {
		t.Errorf("others keep %d and %d documents, and are refused with %+v", len(bob), len(carol), refusal)
	}
	for _, release := range append(alice, bob...) {
		release()
	}
	if k.bytes != 0 || len(k.byCaller)+len(k.documents) != 0 {
		t.Errorf("%d bytes, %v and %d documents are kept by nobody", k.bytes, k.byCaller, len(k.documents))
	}
}

// TestKeepingShared opens many subscriptions with the same document.
func TestKeepingShared(t *testing.T) {
	k, op := newKeeping(1<<20), watchingMuch(t, 0)
	weight := weighDocument(op.RawQuery, op.Doc)
	var releases []func()
	for i := range 1000 {
		release, err := k.keep(dialog.Actor{User: dialog.UserID(fmt.Sprint(i % 10))}, op, freeVariables)
		if err != nil {
			t.Fatal(err)
		}
		releases = append(releases, release)
	}
	if k.bytes != weight {
		t.Errorf("subscriptions with one document keep %d bytes, want %d", k.bytes, weight)
	}
	if _, err := k.keep(dialog.Actor{User: "alice"}, op, 2<<20); err == nil {
		t.Error("variables are not counted")
	}
	for i := range releases {
		releases[len(releases)-1-i]()
	}
	if k.bytes != 0 || len(k.byCaller)+len(k.documents) != 0 {
		t.Errorf("%d bytes, %v and %d documents are kept by nobody", k.bytes, k.byCaller, len(k.documents))
	}
}
