package quickblox_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dialogs/dialog"
)

// A recording is a request of one of QuickBlox's client libraries, with ids
// and tokens replaced, and what is to be answered.
type recording struct {
	// What the user of the library does.
	What string
	// As is the user whose session it is; empty for a session that is over.
	As                 string
	Method, Path, Body string
	Headers            map[string]string
	Status             int
	// Ignored is the header QB-Ignored.
	Ignored string
	// Answer has the members of the answer that matter; nil for an empty one.
	Answer map[string]any
}

// TestRecordedClients sends the requests in testdata/clients, each to a server
// with a group of the users 1, 2 and 3, a private dialog of 1 and 2, and a
// public group.
func TestRecordedClients(t *testing.T) {
	files, err := filepath.Glob("testdata/clients/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("found no recordings: %v", err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var recordings []recording
		decoder := json.NewDecoder(bytes.NewReader(content))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&recordings); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for i, r := range recordings {
			t.Run(strings.TrimSuffix(filepath.Base(file), ".json")+"/"+r.What, func(t *testing.T) {
				d := open(t)
				private, _ := d.create(user("1"), `{"type": 3, "occupants_ids": [2]}`).field("_id").(string)
				ids := strings.NewReplacer("{group}", d.group("1", "2", "3"), "{private}", private, "{public}", d.public("1", "Square"))
				request, err := request(t.Context(), r.Method, ids.Replace(r.Path), "", r.Body)
				if err != nil {
					t.Fatal(err)
				}
				for name, value := range r.Headers {
					request.Header.Set(name, value)
				}
				a := d.do(user(dialog.UserID(r.As)), request).ignored(r.Ignored)
				if a.Status != r.Status {
					t.Fatalf("got status %d, want %d: %s", a.Status, r.Status, a.Body)
				}
				if r.Answer == nil {
					return
				}
				want, err := json.Marshal(recordings[i].Answer)
				if err != nil {
					t.Fatal(err)
				}
				got := map[string]any{}
				for name := range r.Answer {
					got[name] = a.field(name)
				}
				if diff := cmp.Diff(decoded(t, ids.Replace(string(want))), any(got)); diff != "" {
					t.Errorf("another answer (-want +got):\n%s", diff)
				}
			})
		}
	}
}
