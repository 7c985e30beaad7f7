package transfer_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"dialogs/dialog"
	"dialogs/store/memory"
	"dialogs/transfer"
)

func export(t *testing.T, store dialog.Store, at transfer.ExportPlace) string {
	t.Helper()
	var out bytes.Buffer
	if _, err := transfer.Export(t.Context(), store, &out, at, func(int) {}); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func importing(t *testing.T, store dialog.Store, dryRun bool) transfer.Importer {
	return transfer.Importer{
		Store: store, Policy: dialog.DefaultPolicy(dialog.DefaultLimits()), Actor: "(import)", DryRun: dryRun, Progress: func(int) {},
		Refused: func(id string, why error) { t.Errorf("%s is refused: %v", id, why) },
	}
}

// TestExport: an export that is imported again has the same content, including history and
// order. A second import of it changes nothing.
func TestExport(t *testing.T) {
	t.Parallel()
	source, target := filled(t, memory.NewStore()), embedded(t)
	text := export(t, source, transfer.ExportPlace{})
	want, err := importing(t, target, true).Import(t.Context(), transfer.NewExportReader(strings.NewReader(text)))
	if err != nil || want.Created == 0 {
		t.Fatalf("a dry run: %+v, %v", want, err)
	}
	got, err := importing(t, target, false).Import(t.Context(), transfer.NewExportReader(strings.NewReader(text)))
	if err != nil || got != want {
		t.Fatalf("got %+v, %v, want %+v as the dry run", got, err, want)
	}
	if again := export(t, target, transfer.ExportPlace{}); again != text {
		t.Errorf("exported again it is\n%s\nwant\n%s", again, text)
	}
	verified, err := importing(t, target, false).Verify(t.Context(), transfer.NewExportReader(strings.NewReader(text)), func(id string, fields []string) {
		t.Errorf("%s differs in %v", id, fields)
	})
	if err != nil || verified.Same != want.Created {
		t.Errorf("verified %+v, %v", verified, err)
	}
	again, err := importing(t, target, false).Import(t.Context(), transfer.NewExportReader(strings.NewReader(text)))
	if err != nil || again != (transfer.ImportReport{Same: want.Created}) {
		t.Errorf("imported again: %+v, %v", again, err)
	}
}

// TestExportResumed: an export that was interrupted anywhere resumes to the same text as a
// whole one.
func TestExportResumed(t *testing.T) {
	t.Parallel()
	source := filled(t, memory.NewStore())
	whole := export(t, source, transfer.ExportPlace{})
	for i := range 50 {
		for _, cut := range []int{i * len(whole) / 50, len(whole) - i} { // anywhere, and near the end
			at, size, err := transfer.ReadExportPlace(strings.NewReader(whole[:cut]))
			if err != nil || size > int64(cut) {
				t.Fatalf("cut at %d: %d, %v", cut, size, err)
			}
			if at.Done != (cut == len(whole)) {
				t.Fatalf("cut at %d of %d: done is %v", cut, len(whole), at.Done)
			}
			if got := whole[:size] + export(t, source, at); got != whole {
				t.Fatalf("cut at %d, it continues to\n%s\nwant\n%s", cut, got, whole)
			}
		}
	}
}

// A growing store has another class, and another field of a class, after its first dialogs
// were read.
type growing struct {
	dialog.Store
	t    *testing.T
	grow func()
}

func (s *growing) Scan(ctx context.Context, after dialog.ID, limit int) ([]dialog.Dialog, error) {
	list, err := s.Store.Scan(ctx, after, limit)
	if s.grow != nil {
		s.grow()
		s.grow = nil
	}
	return list, err
}

// TestExportOfNewClasses: classes and fields that are defined while an export runs, or before
// it is resumed, are in it before the dialogs that have them.
func TestExportOfNewClasses(t *testing.T) {
	t.Parallel()
	for _, resumed := range []bool{false, true} {
		source, target := filled(t, memory.NewStore()), embedded(t)
		grow := func() {
			service := dialog.NewService(source, dialog.DefaultPolicy(dialog.DefaultLimits()), time.Now, nil)
			server := dialog.Caller{APIKey: "backend"}
			for class, fields := range map[string][]dialog.Field{
				"Card": {{Name: "level", Type: dialog.Integer}, {Name: "title", Type: dialog.String}}, "Badge": {{Name: "title", Type: dialog.String}},
			} {
				if _, err := service.DefineClass(t.Context(), server, class, fields); err != nil {
					t.Fatal(err)
				}
				all, err := source.Scan(t.Context(), "", 1000)
				if err != nil {
					t.Fatal(err)
				}
				change := dialog.Change{Custom: []dialog.CustomInput{{Class: class, Fields: map[string]any{"title": "late"}}}}
				if _, err := service.Update(t.Context(), server, string(all[len(all)-1].ID), change); err != nil {
					t.Fatal(err)
				}
			}
		}
		var text string
		if resumed {
			begun := export(t, source, transfer.ExportPlace{})
			at, size, err := transfer.ReadExportPlace(strings.NewReader(begun[:len(begun)/2]))
			if err != nil {
				t.Fatal(err)
			}
			grow()
			text = begun[:size] + export(t, source, at)
		} else {
			text = export(t, &growing{source, t, grow}, transfer.ExportPlace{})
		}
		if n := strings.Count(text, `"customClass":`); n != 3 || strings.Count(text, `"late"`) != 2 {
			t.Errorf("resumed: %v: the export has %d lines of classes, want 3:\n%.1000s", resumed, n, text)
		}
		if _, err := importing(t, target, false).Import(t.Context(), transfer.NewExportReader(strings.NewReader(text))); err != nil {
			t.Fatal(err)
		}
	}
}

// TestInvalidExports has texts that are not an export, and invalid dialogs in an export.
func TestInvalidExports(t *testing.T) {
	t.Parallel()
	const head, end = `{"dialogsExport":1}` + "\n", `{"end":{"dialogs":1}}` + "\n"
	line := func(change string) string {
		return head + `{"id":"5d75393ba28f9a17e1cb0001","type":"GROUP","name":"x","ownerId":"a","occupantIds":["a"],"createdAt":"2026-01-31T14:00:00Z","updatedAt":"2026-01-31T14:00:00Z"` + change + "}\n" + end
	}
	record := func(version int) string {
		return fmt.Sprintf(`{"kind":"UPDATED","version":%d,"actor":{"userId":"a"},"at":"2026-01-31T14:00:00Z","changed":["NAME"]}`, version)
	}
	for _, tt := range []struct{ what, text, want string }{
		{"cut off", strings.TrimSuffix(line(""), end), "not complete"},
		{"a line is missing", head + end, "lines are missing"},
		{"a later format", `{"dialogsExport":2}` + "\n" + end, "must have the format 1"},
		{"more after the end", line("") + line(""), "must not follow the end"},
		{"not JSON", head + "dialogs\n", "line 2: not a line of an export"},
		{"an unknown type", line(`,"type":"CROWD"`), "type: invalid value"},
		{"an invalid time", line(`,"createdAt":"yesterday"`), "createdAt: invalid time"},
		{"an unknown class", line(`,"customData":[{"className":"Cord","fields":{"n":1}}]`), "Cord"},
		{"a version without a history", line(`,"version":3`), "history"},
		{"another version", line(`,"version":3,"history":[` + record(2) + `]`), "must have the version 3 in place of 2"},
		{"a gap", line(`,"version":3,"history":[` + record(1) + `,` + record(3) + `]`), "must have the version 2"},
		{"NUL in a record", line(`,"version":1,"history":[{"kind":"CREATED","version":1,"actor":{"userId":"a\u0000"},"at":"2026-01-31T14:00:00Z"}]`), "NUL"},
		{"an unknown kind", line(`,"version":1,"history":[{"kind":"MERGED","version":1,"at":"2026-01-31T14:00:00Z"}]`), "history.kind"},
	} {
		t.Run(tt.what, func(t *testing.T) {
			t.Parallel()
			var why error
			store := memory.NewStore()
			i := importing(t, store, false)
			i.Refused = func(_ string, err error) { why = err }
			_, err := i.Import(t.Context(), transfer.NewExportReader(strings.NewReader(tt.text)))
			if err == nil {
				err = why
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}
