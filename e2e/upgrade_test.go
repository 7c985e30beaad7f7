package e2e_test

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.mongodb.org/mongo-driver/v2/bson"

	"dialogs/auth"
	"dialogs/dialog"
	"dialogs/servertest"
	"dialogs/store/mongo/mongotest"
)

// An upgrade is what an earlier version of the program stored, and what it answered.
type upgrade struct {
	Secret, Key string
	Answers     []struct {
		User, Query string
		Data        any
	}
	// schema is that of the embedded store of the same version.
	schema int
}

// TestUpgrade serves what earlier versions of the program stored, one for each schema: this
// version gives the same answers as they gave, and goes on from there. How the data was made
// is in testdata/upgrade/README.md.
func TestUpgrade(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/upgrade/*.json")
	if err != nil || len(files) != 21 {
		t.Fatalf("only %d fixtures: %v", len(files), err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(file, ".json")
		t.Run(filepath.Base(name), func(t *testing.T) {
			t.Parallel()
			schema, err := strconv.Atoi(strings.TrimLeft(filepath.Base(name), "abcdefghijklmnopqrstuvwxyz"))
			if err != nil {
				t.Fatal(err)
			}
			u := upgrade{schema: schema}
			servertest.Decode(t, mustRead(t, file), &u)
			var store string
			if dump := name + ".sql"; strings.Contains(name, "sqlite") {
				store = restoreSQL(t, string(mustRead(t, dump)))
			} else {
				store = restoreDocuments(t, mustRead(t, name+".documents"))
			}
			u.serve(t, store)
		})
	}
}

func mustRead(t *testing.T, file string) []byte {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// restoreSQL makes the directory of an embedded store from a dump.
func restoreSQL(t *testing.T, dump string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "data")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", filepath.Join(dir, "dialogs.db"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), dump); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

// restoreDocuments makes a database of MongoDB from lines with a collection and a document.
func restoreDocuments(t *testing.T, lines []byte) string {
	t.Helper()
	uri := mongotest.URI(t)
	db := mongotest.Connect(t, uri)
	for scan := bufio.NewScanner(bytes.NewReader(lines)); scan.Scan(); {
		collection, text, _ := strings.Cut(scan.Text(), " ")
		var document bson.D
		if err := bson.UnmarshalExtJSON([]byte(text), true, &document); err != nil {
			t.Fatal(err)
		}
		if _, err := db.Collection(collection).InsertOne(t.Context(), document); err != nil {
			t.Fatal(err)
		}
	}
	return uri
}

// serve starts this version on the store twice, because the first start can change how the
// data is stored.
func (u *upgrade) serve(t *testing.T, store string) {
	environ := []string{"DIALOGS_SECRET=" + u.Secret}
	first := servertest.StartWith(t, environ, store)
	u.compare(first)
	first.Stop()
	s := servertest.StartWith(t, environ, store)
	u.compare(s)
	u.goOn(s)
	if u.schema >= 7 {
		u.erased(s)
	}
}

// erased looks for users who were erased, and one whose erasure was in progress.
func (u *upgrade) erased(s *servertest.Server) {
	s.Helper()
	for _, user := range []dialog.UserID{"walter", "trudy"} {
		for deadline := time.Now().Add(servertest.Patience); ; time.Sleep(10 * time.Millisecond) {
			if _, done := eraseUser(s, servertest.WithKey(u.Key), string(user), false); done {
				break
			}
			if time.Now().After(deadline) {
				s.Fatalf("the erasure of %s does not finish", user)
			}
		}
		before := time.Date(2026, 11, 27, 2, 30, 0, 0, time.UTC) // the fixtures were made later on that day
		for issued, want := range map[time.Time]int{before: 401, time.Now(): 200} {
			minter, err := auth.NewMinter([][]byte{[]byte(u.Secret)}, func() time.Time { return issued }, rand.Reader)
			if err != nil {
				s.Fatal(err)
			}
			token, _, err := minter.Mint(user, auth.MaxTTL)
			if err != nil {
				s.Fatal(err)
			}
			if answer := s.Post(servertest.WithToken(token), whoami, nil); answer.Status != want {
				s.Errorf("a session of %s of %s: %d, want %d", user, issued, answer.Status, want)
			}
		}
	}
}

// compare asks everything that the earlier version was asked.
func (u *upgrade) compare(s *servertest.Server) {
	s.Helper()
	for _, a := range u.Answers {
		caller := servertest.WithKey(u.Key)
		if a.User != "" {
			caller = servertest.OnBehalf(u.Key, a.User)
		}
		var got struct{ Data any }
		servertest.Decode(s, s.Must(caller, a.Query, nil).Body, &got)
		if diff := cmp.Diff(a.Data, got.Data); diff != "" {
			s.Errorf("%q: %s (-before +now):\n%s", a.User, a.Query, diff)
		}
	}
	found := s.Must(servertest.WithKey(u.Key), `{ dialogs(filter: {customData: [{className: "Order", fields: {number: 4711}}]}) { totalCount } }`, nil)
	if diff := cmp.Diff(`{"totalCount":1}`, string(found.Data["dialogs"])); diff != "" {
		s.Errorf("by custom data (-want +got):\n%s", diff)
	}
	mallory := s.Post(servertest.WithToken(s.Token("mallory")), whoami, nil)
	if suspends := u.schema >= 6; suspends != (mallory.Status == 401) {
		s.Errorf("a user who was suspended: %v, but the answer is %s", suspends, mallory.Body)
	}
	if list := s.MustCLI("user", "list"); u.schema >= 6 && !regexp.MustCompile(map[bool]string{true: `mallory +2026-11-27T\S+Z$`, false: "mallory +unknown$"}[u.schema >= 11]).MatchString(list) {
		s.Errorf("since when: %s", list)
	}
}

// goOn continues with the data: keys, pairs, versions and lists are those of before.
func (u *upgrade) goOn(s *servertest.Server) {
	s.Helper()
	bob := servertest.OnBehalf(u.Key, "bob")
	var list struct{ Nodes []struct{ ID, Name string } }
	answer := s.Must(bob, `{ dialogs(filter: {nameContains: "team"}) { nodes { id name } } dialogChanges { cursor } }`, nil)
	servertest.Decode(s, answer.Data["dialogs"], &list)
	if len(list.Nodes) != 1 {
		s.Fatalf("the team: %s", answer.Body)
	}
	team := map[string]any{"id": list.Nodes[0].ID}
	var position struct{ Cursor string }
	servertest.Decode(s, answer.Data["dialogChanges"], &position)
	for _, step := range []struct {
		reason, query string
		want          string
	}{
		{
			"a repeated change is still known by its key",
			`mutation($id: ID!) { updateDialog(id: $id, input: {name: "Team", idempotencyKey: "rename", customData: [{className: "Order", fields: {paid: true, tags: null}}]}) { replayed change { version } } }`,
			`{"updateDialog":{"replayed":true,"change":{"version":2}}}`,
		},
		{
			"the two have a private dialog",
			`mutation { createDialog(input: {type: PRIVATE, occupantIds: ["alice"]}) { created dialog { version } } }`,
			`{"createDialog":{"created":false,"dialog":{"version":2}}}`,
		},
		{
			"versions count on",
			`mutation($id: ID!) { updateDialog(id: $id, input: {name: "Renamed", ifVersion: 6, removeOccupants: ["erin"]}) { change { version removedOccupantIds } dialog { adminIds history(first: 2) { version } } } }`,
			`{"updateDialog":{"change":{"version":7,"removedOccupantIds":["erin"]},"dialog":{"adminIds":["carol","alice"],"history":[{"version":7},{"version":6}]}}}`,
		},
		{
			"lists find the change",
			`{ dialogs(first: 1, filter: {nameContains: "renamed", occupantIds: ["frank"]}) { totalCount nodes { name } } }`,
			`{"dialogs":{"totalCount":1,"nodes":[{"name":"Renamed"}]}}`,
		},
		{
			"and so do clients that were away",
			`query($after: String) { dialogChanges(after: $after) { changed { name } removedIds } }`,
			`{"dialogChanges":{"changed":[{"name":"Renamed"}],"removedIds":[]}}`,
		},
	} {
		variables := map[string]any{}
		if strings.Contains(step.query, "$id") {
			variables = team
		} else if strings.Contains(step.query, "$after") {
			variables["after"] = position.Cursor
		}
		got := s.Must(bob, step.query, variables)
		var want any
		servertest.Decode(s, []byte(step.want), &want)
		var data struct{ Data any }
		if err := json.Unmarshal(got.Body, &data); err != nil {
			s.Fatal(err)
		}
		if diff := cmp.Diff(want, data.Data); diff != "" {
			s.Errorf("%s (-want +got):\n%s", step.reason, diff)
		}
	}
}
