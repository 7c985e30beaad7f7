package edge_test

import (
	"bytes"
	"net/http"
	"strings"
	"testing"

	"dialogs/api"
	"dialogs/edge"
)

// TestHeaderLimit sends headers of about the size of the limit, as measured in the request
// that is sent.
func TestHeaderLimit(t *testing.T) {
	long := request(http.MethodGet, "/a/path?with=a&query=1", "X-Long", strings.Repeat("x", 500), "X-Twice", "1", "X-Twice", "2", "User-Agent", "test")
	long.RequestURI = "/a/path?with=a&query=1"
	var wire bytes.Buffer
	if err := long.Write(&wire); err != nil {
		t.Fatal(err)
	}
	size := wire.Len()
	for limit, want := range map[int]int{
		size:     http.StatusNoContent,
		size + 1: http.StatusNoContent,
		size - 1: http.StatusRequestHeaderFieldsTooLarge,
	} {
		answer, refusal := through(func(refuse api.Refuser) edge.Guard { return edge.HeaderLimit(limit, refuse) }, long)
		if answer.Code != want {
			t.Errorf("a header of %d bytes with a limit of %d: got status %d, want %d", size, limit, answer.Code, want)
		}
		if refusal != nil && !strings.Contains(refusal.Message, "--limit-headers") {
			t.Errorf("the refusal does not name the setting: %s", refusal.Message)
		}
	}
}
