package graph_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	diff "github.com/google/go-cmp/cmp"

	"dialogs/dialog"
	"dialogs/dialog/dialogtest"
)

var rewrite = flag.Bool("rewrite", false, "rewrite the golden files; read them before they are committed")

// TestGolden sends every query of testdata/golden as every kind of caller, and compares
// the answers with the file beside it. The queries have the ids of a dialog of each type
// in the variables public, group and private.
func TestGolden(t *testing.T) {
	queries, err := filepath.Glob("testdata/golden/*.graphql")
	if err != nil || len(queries) == 0 {
		t.Fatalf("found no queries: %v", err)
	}
	people := dialogtest.Named("")
	callers := []struct {
		name   string
		caller dialog.Caller
	}{
		{"anonymous", dialog.Caller{}},
		{"owner", user(people.Owner)},
		{"admin", user(people.Admin)},
		{"occupant", user(people.Occupant)},
		{"outsider", user(people.Outsider)},
		{"occupant on behalf", dialog.Caller{User: people.Occupant, APIKey: dialogtest.KeyName}},
		{"server", dialog.Caller{APIKey: dialogtest.KeyName}},
	}
	for _, path := range queries {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".graphql"), func(t *testing.T) {
			query, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]any{}
			for _, c := range callers {
				d := open(t, nil)
				got[c.name] = settled(t, d.do(c.caller, string(query), d.oneOfEach(string(query), people)...).Body)
			}
			compareGolden(t, strings.TrimSuffix(path, ".graphql")+".json", got)
		})
	}
}

// oneOfEach makes a dialog of each type, changes it, and returns the ids that the query
// needs, as variables.
func (d *fixture) oneOfEach(query string, people dialogtest.People) []any {
	d.Helper()
	var variables []any
	for _, kind := range []struct {
		name string
		t    dialog.Type
	}{{"public", dialog.PublicGroup}, {"group", dialog.Group}, {"private", dialog.Private}} {
		out, err := d.service.Create(d.Context(), dialog.Caller{APIKey: dialogtest.KeyName}, people.Creation(kind.t))
		if err != nil {
			d.Fatal(err)
		}
		id := string(out.Dialog.ID)
		change := dialog.Change{Custom: []dialog.CustomInput{{Class: "Card", Fields: map[string]any{
			"open": true, "level": json.Number("7"), "weight": json.Number("2.50"),
			"due": "2026-02-01T10:00:00+01:00", "place": []any{json.Number("4.9"), json.Number("52.37")},
			"tags": []any{"a", "b"},
		}}}}
		if _, err := d.service.Update(d.Context(), user(people.Owner), id, change); err != nil {
			d.Fatal(err)
		}
		if strings.Contains(query, "$"+kind.name) {
			variables = append(variables, kind.name, id)
		}
	}
	return variables
}

type settledError struct {
	Path       []any          `json:"path"`
	Message    string         `json:"message"`
	Extensions map[string]any `json:"extensions"`
}

// settled returns an answer with its errors sorted by path, because root fields of a query
// run at the same time.
func settled(t *testing.T, body string) any {
	t.Helper()
	var answer struct {
		Errors []settledError  `json:"errors,omitempty"`
		Data   json.RawMessage `json:"data"`
	}
	if err := json.Unmarshal([]byte(body), &answer); err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(answer.Errors, func(a, b settledError) int {
		return cmp.Compare(fmt.Sprint(a.Path), fmt.Sprint(b.Path))
	})
	return answer
}

func compareGolden(t *testing.T, path string, got any) {
	t.Helper()
	text, err := json.MarshalIndent(got, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	text = append(text, '\n')
	if *rewrite {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(text, want) {
		t.Errorf("the answers differ from %s (-want +got):\n%s", path, diff.Diff(lines(want), lines(text)))
	}
}

func lines(text []byte) []string { return slices.Collect(strings.Lines(string(text))) }
