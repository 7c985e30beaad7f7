package webhook

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"dialogs/dialog"
)

// TestSign compares signatures with an example from the documentation of the receivers'
// libraries.
func TestSign(t *testing.T) {
	key, err := base64.StdEncoding.DecodeString("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	if err != nil {
		t.Fatal(err)
	}
	h := http.Header{}
	sign(h, "msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`), [][]byte{key, []byte("other")})
	first, second, ok := strings.Cut(h.Get("webhook-signature"), " ")
	if want := "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="; first != want || !ok || !strings.HasPrefix(second, "v1,") {
		t.Errorf("got %s, want %s and one of the other key", h.Get("webhook-signature"), want)
	}
	if h.Get("webhook-id") != "msg_p5jXN8AQM9LWM0D4loKWxJek" || h.Get("webhook-timestamp") != "1614265330" {
		t.Errorf("got %v", h)
	}
}

func TestSeal(t *testing.T) {
	old, present := []byte("the old secret of the server, 32+"), []byte("the new secret of the server, 32+")
	sealers := map[string]*Sealer{}
	for name, secrets := range map[string][][]byte{"old": {old}, "both": {present, old}, "new": {present}} {
		s, err := NewSealer(secrets, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		sealers[name] = s
	}
	key, err := sealers["old"].newSecret()
	if err != nil {
		t.Fatal(err)
	}
	if n := len(key); n < 24 || n > 64 {
		t.Errorf("a secret has %d bytes, want 24 to 64", n)
	}
	sealed := sealers["old"].seal("a", key)
	if bytes.Contains(sealed, key) {
		t.Error("the secret is stored as it is")
	}
	for _, tt := range []struct {
		sealer string
		id     dialog.ID
		stale  bool
		err    error
	}{
		{sealer: "old", id: "a"},
		{sealer: "both", id: "a", stale: true},
		{sealer: "new", id: "a", err: errSealed},
		{sealer: "old", id: "b", err: errSealed},
	} {
		got, stale, err := sealers[tt.sealer].open(tt.id, sealed)
		if !errors.Is(err, tt.err) || stale != tt.stale || tt.err == nil && !bytes.Equal(got, key) {
			t.Errorf("%s opens it for %s: stale %v, %v", tt.sealer, tt.id, stale, err)
		}
	}
}

func TestTargets(t *testing.T) {
	targets, err := ParseTargets([]string{"10.1.0.0/16", "192.168.7.7", "fd00:1::/64", "hooks.internal"})
	if err != nil {
		t.Fatal(err)
	}
	for url, want := range map[string]string{
		"https://example.com":                              "",
		"https://example.com:8443/a?b=c":                   "",
		"https://93.184.216.34/":                           "",
		"https://[2606:4700::1111]/":                       "",
		"https://10.1.2.3/":                                "",
		"http://10.1.2.3:8080/":                            "",
		"http://hooks.internal/":                           "",
		"https://[fd00:1::2]/":                             "",
		"https://192.168.7.7/":                             "",
		"http://example.com":                               "https",
		"http://10.2.2.3/":                                 "https",
		"ftp://example.com":                                "https",
		"https://10.2.2.3/":                                "not a public address",
		"https://127.0.0.1/":                               "not a public address",
		"https://0.0.0.0/":                                 "not a public address",
		"https://169.254.169.254/latest/meta-data":         "not a public address",
		"https://100.64.1.1/":                              "not a public address",
		"https://172.31.255.255/":                          "not a public address",
		"https://192.168.7.8/":                             "not a public address",
		"https://224.0.0.1/":                               "not a public address",
		"https://255.255.255.255/":                         "not a public address",
		"https://[::]/":                                    "not a public address",
		"https://[::1]/":                                   "not a public address",
		"https://[::ffff:127.0.0.1]/":                      "not a public address",
		"https://[::ffff:93.184.216.34]/":                  "not a public address",
		"https://[64:ff9b::7f00:1]/":                       "not a public address",
		"https://[64:ff9b:1::1]/":                          "not a public address",
		"https://[2002:7f00:1::]/":                         "not a public address",
		"https://[fe80::1%25eth0]/":                        "not a public address",
		"https://[fc00::1]/":                               "not a public address",
		"https://[ff02::1]/":                               "not a public address",
		"https://localhost/":                               "not a public host",
		"https://LOCALHOST./":                              "not a public host",
		"https://a.localhost/":                             "not a public host",
		"https://other.internal/":                          "not a public host",
		"https://printer.local/":                           "not a public host",
		"https://2130706433/":                              "not a public host",
		"https://0x7f.1/":                                  "not a public host",
		"https://127.1/":                                   "not a public host",
		"https://user:word@example.com/":                   "user name",
		"https://example.com/#a":                           "fragment",
		"https://example.com:0/":                           "port",
		"https://example.com:/":                            "port",
		"https:///a":                                       "invalid URL",
		"https:example.com":                                "invalid URL",
		"example.com":                                      "invalid URL",
		"":                                                 "invalid URL",
		"https://exa mple.com":                             "invalid URL",
		"https://example.com/" + strings.Repeat("a", 2048): "too long",
	} {
		err := targets.Check(url)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", url, err, want)
		}
		if err != nil && (!dialog.IsCode(err, dialog.Invalid) || len(err.Error()) > 160) {
			t.Errorf("%s: %v is no short error of an input", url, err)
		}
	}
	for _, text := range []string{"", "10.1.2.3/16", "HOST", "https://a", "a:1", "*.a", "10.0.0.0/33"} {
		if _, err := ParseTargets([]string{text}); err == nil {
			t.Errorf("the exception %q is accepted", text)
		}
	}
}

// TestReachable checks which IP addresses webhooks may connect to.
func TestReachable(t *testing.T) {
	for addr, want := range map[string]bool{
		"93.184.216.34": true, "2606:4700::1111": true, "8.8.8.8": true,
		"127.0.0.1": false, "::ffff:10.0.0.1": false, "fe80::1%eth0": false, "100.127.255.255": false, "198.19.0.1": false,
	} {
		if got := (Targets{}).reachable(netip.MustParseAddr(addr)); got != want {
			t.Errorf("%s: %v, want %v", addr, got, want)
		}
	}
}

// TestRebinding: a host name that resolves to an internal address is refused when the
// connection is made.
func TestRebinding(t *testing.T) {
	asked := false
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked = true }))
	defer server.Close()
	url := strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
	response, err := newClient(Targets{}).Get(url)
	if err == nil {
		_ = response.Body.Close()
	}
	if err == nil || !strings.Contains(err.Error(), "not a public address") || asked {
		t.Errorf("got %v, asked %v", err, asked)
	}
	named, err := ParseTargets([]string{"localhost"})
	if err != nil {
		t.Fatal(err)
	}
	if o := newClient(Targets{}).post(t.Context(), url, &message{id: "a"}, nil, time.Now); !strings.Contains(o.failure, "https://") || asked {
		t.Errorf("without the exception that allowed plain HTTP: got %+v, asked %v", o, asked)
	}
	if o := newClient(named).post(t.Context(), url, &message{id: "a"}, nil, time.Now); o.failure != "" || !asked {
		t.Errorf("with an exception: got %+v, asked %v", o, asked)
	}
}

func TestPost(t *testing.T) {
	targets, err := ParseTargets([]string{"127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		answer func(w http.ResponseWriter)
		want   outcome
	}{
		{func(w http.ResponseWriter) { w.WriteHeader(204) }, outcome{}},
		{func(w http.ResponseWriter) { _, _ = io.WriteString(w, strings.Repeat("x", 1<<20)) }, outcome{}},
		{func(w http.ResponseWriter) { w.Header().Set("Location", "/other"); w.WriteHeader(302) }, outcome{failure: "302 Found"}},
		{func(w http.ResponseWriter) { w.WriteHeader(410) }, outcome{failure: "410 Gone", gone: true}},
		{func(w http.ResponseWriter) { w.WriteHeader(429) }, outcome{failure: "429 Too Many Requests", slow: true}},
		{func(w http.ResponseWriter) { w.WriteHeader(502) }, outcome{failure: "502 Bad Gateway", slow: true}},
		{func(w http.ResponseWriter) { w.Header().Set("Retry-After", "7"); w.WriteHeader(503) }, outcome{failure: "503 Service Unavailable", slow: true, pause: 7 * time.Second}},
		{func(w http.ResponseWriter) { w.Header().Set("Retry-After", "999999999"); w.WriteHeader(503) }, outcome{failure: "503 Service Unavailable", slow: true, pause: 24 * time.Hour}},
		{func(w http.ResponseWriter) {
			w.Header().Set("Retry-After", "99999999999999999999999")
			w.WriteHeader(503)
		}, outcome{failure: "503 Service Unavailable", slow: true, pause: 24 * time.Hour}},
		{func(w http.ResponseWriter) {
			w.Header().Set("Retry-After", "-99999999999999999999999")
			w.WriteHeader(500)
		}, outcome{failure: "500 Internal Server Error"}},
		{func(w http.ResponseWriter) {
			w.Header().Set("Retry-After", "Fri, 31 Dec 9999 23:59:59 GMT")
			w.WriteHeader(500)
		}, outcome{failure: "500 Internal Server Error", slow: true, pause: 24 * time.Hour}},
		{func(w http.ResponseWriter) {
			w.Header().Set("Retry-After", "Thu, 01 Jan 1970 00:00:00 GMT")
			w.WriteHeader(500)
		}, outcome{failure: "500 Internal Server Error"}},
		{func(w http.ResponseWriter) { w.Header().Set("Retry-After", "soon"); w.WriteHeader(500) }, outcome{failure: "500 Internal Server Error"}},
		{func(w http.ResponseWriter) { w.Header().Set("Retry-After", "-5"); w.WriteHeader(500) }, outcome{failure: "500 Internal Server Error"}},
		{func(w http.ResponseWriter) {
			w.WriteHeader(500)
			_, _ = io.WriteString(w, "no\x1b[31m room\nsecond line")
		}, outcome{failure: "500 Internal Server Error: no [31m room"}},
		{func(w http.ResponseWriter) {
			w.WriteHeader(500)
			_, _ = io.WriteString(w, strings.Repeat("\u00e9", 500))
		}, outcome{failure: "500 Internal Server Error: " + strings.Repeat("\u00e9", 172) + "…"}},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { tt.answer(w) }))
		got := newClient(targets).post(t.Context(), server.URL, &message{id: "a", body: []byte("{}")}, nil, time.Now)
		server.Close()
		if got != tt.want {
			t.Errorf("got %+v, want %+v", got, tt.want)
		}
	}
}

// TestChangeMessage: lists that are too long are left out, as few as possible.
func TestChangeMessage(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	many := make([]dialog.UserID, 1000)
	for i := range many {
		many[i] = dialog.UserID(fmt.Sprintf("%0128d", i))
	}
	d := dialog.Dialog{
		ID: "5d75393ba28f9a17e1cb0001", Type: dialog.Group, Name: "<Lunch>", Owner: "alice", Occupants: many, Version: 2, CreatedAt: at, UpdatedAt: at,
		Custom: dialog.CustomData{"Card": {"note": `"x"`}},
	}
	r := dialog.Record{Version: 2, Kind: dialog.Updated, At: at, Actor: dialog.Actor{User: "alice"}, Changed: []dialog.Aspect{dialog.AspectName, dialog.AspectOccupants}, Joined: many[:3], Name: "<Lunch>"}
	m, err := changeMessage(&d, &r, true)
	if err != nil {
		t.Fatal(err)
	}
	if m.id != "5d75393ba28f9a17e1cb0001_2" || len(m.body) > maxBody {
		t.Errorf("%s has %d bytes", m.id, len(m.body))
	}
	var got any
	if err := json.Unmarshal(m.body, &got); err != nil {
		t.Fatal(err)
	}
	ids := []any{string(many[0]), string(many[1]), string(many[2])}
	want := map[string]any{
		"type": "dialog.updated", "timestamp": "2026-01-02T03:04:05.000Z",
		"data": map[string]any{
			"dialogId": "5d75393ba28f9a17e1cb0001", "dialogType": "GROUP", "truncated": true,
			"change": map[string]any{
				"kind": "UPDATED", "version": 2.0, "at": "2026-01-02T03:04:05.000Z", "changed": []any{"NAME", "OCCUPANTS"},
				"actor":            map[string]any{"userId": "alice", "apiKeyName": nil},
				"addedOccupantIds": ids, "addedOccupantCount": 3.0, "removedOccupantIds": []any{}, "removedOccupantCount": 0.0,
				"addedAdminIds": []any{}, "addedAdminCount": 0.0, "removedAdminIds": []any{}, "removedAdminCount": 0.0,
				"name": "<Lunch>", "newOwnerId": nil,
			},
			"dialog": map[string]any{
				"id": "5d75393ba28f9a17e1cb0001", "type": "GROUP", "name": "<Lunch>", "photo": nil, "ownerId": "alice",
				"occupantCount": 1000.0, "adminIds": []any{}, "adminCount": 0.0,
				"customData": []any{map[string]any{"className": "Card", "fields": map[string]any{"note": "x"}}}, "customDataCount": 1.0,
				"createdAt": "2026-01-02T03:04:05.000Z", "updatedAt": "2026-01-02T03:04:05.000Z", "version": 2.0,
			},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	r.Joined, r.Left, r.NewAdmins, r.LostAdmins = many, many, many, many
	if m, err = changeMessage(&d, &r, true); err != nil || len(m.body) > maxBody {
		t.Errorf("%d bytes, %v", len(m.body), err)
	}
}
