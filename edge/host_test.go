package edge_test

import (
	"net/http"
	"testing"

	"dialogs/edge"
)

func TestLocalHost(t *testing.T) {
	for _, test := range []struct {
		reason, host string
		ok           bool
	}{
		{"a name", "localhost", true},
		{"a name and a port", "localhost:8080", true},
		{"an address", "127.0.0.1:8080", true},
		{"an address of IPv6", "[::1]:8080", true},
		{"an address of IPv6 without a port", "[::1]", true},
		{"a page that points its name at this machine", "evil.example:8080", false},
		{"a name that begins like one of this machine", "localhost.evil.example", false},
		{"another address of loopback, which a name can have", "127.0.0.2", false},
		{"no host", "", false},
	} {
		r := request(http.MethodGet, "/")
		r.Host = test.host
		answer, refusal := through(edge.LocalHost, r)
		if passed := answer.Code == http.StatusNoContent; passed != test.ok {
			t.Errorf("%s (%q): got status %d", test.reason, test.host, answer.Code)
		}
		if !test.ok && (refusal.HTTPStatus() != http.StatusMisdirectedRequest || refusal.Denial.Rule != "host") {
			t.Errorf("%s: got %+v", test.reason, refusal)
		}
	}
}
