package quickblox_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dialogs/dialog"
	"dialogs/store/memory"
)

// A brokenStore fails at every dialog.
type brokenStore struct {
	dialog.Store
	err error
}

func (s brokenStore) Dialog(context.Context, dialog.ID, bool) (dialog.Dialog, error) {
	if s.err == nil {
		panic("the store's inner text")
	}
	return dialog.Dialog{}, s.err
}

func (s brokenStore) Update(context.Context, dialog.Plan) (dialog.Outcome, error) {
	return dialog.Outcome{}, s.err
}

// TestInnerErrors checks that answers show nothing of a broken store's errors.
func TestInnerErrors(t *testing.T) {
	const id = "65ba1b4a0000000000000001"
	for _, tt := range []struct {
		reason string
		err    error
		status int
		text   string
	}{
		{"an error of a driver", errors.New("SELECT of the store's inner text"), http.StatusInternalServerError, requestID},
		{"a panic", nil, http.StatusInternalServerError, requestID},
		{"a store that is away", dialog.ErrUnavailable(errors.New("the store's inner text")), http.StatusServiceUnavailable, "did not answer in time"},
	} {
		t.Run(tt.reason, func(t *testing.T) {
			d := openStore(t, brokenStore{memory.NewStore(), tt.err})
			a := d.get(user("1"), "/chat/Dialog/"+id)
			a.refused(tt.status, tt.text)
			if strings.Contains(a.Body, "inner text") || !strings.Contains(d.log.String()+d.notes()["reason"], "inner text") {
				t.Errorf("got %s, the log %s and the notes %v, want the inner text in the log alone", a.Body, d.log, d.notes())
			}
			if tt.err == nil {
				return
			}
			a = d.send(user("1"), http.MethodDelete, "/chat/Dialog/"+id+","+id[1:]+"2?force=1", "", "")
			a.refused(tt.status, tt.text)
			if tt.status == http.StatusServiceUnavailable && (strings.Contains(a.Body, "idempotencyKey") || !strings.Contains(a.Body, "may have been made")) {
				t.Errorf("the answer advises what this API does not have: %s", a.Body)
			}
		})
	}
}

// TestGoneClient checks that the log has no error when a client goes away.
func TestGoneClient(t *testing.T) {
	d := openStore(t, brokenStore{memory.NewStore(), dialog.ErrUnavailable(context.Canceled)})
	d.get(user("1"), "/chat/Dialog/65ba1b4a0000000000000001").refused(http.StatusServiceUnavailable, "did not answer in time")
	if log := d.log.String(); strings.Contains(log, "unavailable") {
		t.Errorf("the log says %s", log)
	}
}

func TestNotes(t *testing.T) {
	d := open(t)
	d.get(user("1"), "/chat/Dialog/65ba1b4a0000000000000001")
	want := map[string]string{"operation": "getDialog", "code": "NOT_FOUND"}
	if diff := cmp.Diff(want, d.notes()); diff != "" {
		t.Errorf("the log line is another (-want +got):\n%s", diff)
	}
}
