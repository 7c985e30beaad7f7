package auth_test

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dialogs/auth"
	"dialogs/dialog"
)

// field is one header line, or one entry of connection_init's payload.
type field struct{ name, value string }

func TestParseCredentials(t *testing.T) {
	const (
		session = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"
		key     = "dlg_c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2U"
	)
	long := strings.Repeat("a", dialog.MaxUserIDBytes)
	huge := strings.Repeat("a", 16<<10)
	cases := map[string]struct {
		reason string
		fields []field
		want   auth.Credentials
		// refused is a part of the refusal's message, empty for none.
		refused string
	}{
		"nothing": {
			reason: "Who brings nothing is anonymous.",
		},
		"other names": {
			reason: "Only the documented names are looked at.",
			fields: []field{{"Cookie", "QB-Token=" + session}, {"X-QB-Token", session}, {"Proxy-Authorization", "Bearer " + session}, {"User-Id", "1"}},
		},
		"QB-Token": {
			reason: "The documented header carries a session token.",
			fields: []field{{"QB-Token", session}},
			want:   auth.Credentials{Token: session},
		},
		"name in any case": {
			reason: "Names of headers have no case; in a payload neither.",
			fields: []field{{"qB-tOKEN", session}},
			want:   auth.Credentials{Token: session},
		},
		"Bearer": {
			reason: "The standard header carries a session token.",
			fields: []field{{"Authorization", "Bearer " + session}},
			want:   auth.Credentials{Token: session},
		},
		"scheme in any case": {
			reason: "HTTP compares schemes without case.",
			fields: []field{{"authorization", "bEARER " + session}},
			want:   auth.Credentials{Token: session},
		},
		"several spaces": {
			reason: "HTTP allows several spaces behind the scheme.",
			fields: []field{{"Authorization", "Bearer   " + session}},
			want:   auth.Credentials{Token: session},
		},
		"ApiKey": {
			reason: "A back end brings its key.",
			fields: []field{{"Authorization", "ApiKey " + key}},
			want:   auth.Credentials{APIKey: key},
		},
		"apikey in any case": {
			reason: "HTTP compares schemes without case.",
			fields: []field{{"Authorization", "APIKEY " + key}},
			want:   auth.Credentials{APIKey: key},
		},
		"on behalf of a user": {
			reason: "A key may act for a user.",
			fields: []field{{"Authorization", "ApiKey " + key}, {"On-Behalf-Of", "42"}},
			want:   auth.Credentials{APIKey: key, OnBehalfOf: "42"},
		},
		"user id is raw": {
			reason: "Percent signs, quotes and plus signs are part of an opaque id and are not decoded.",
			fields: []field{{"Authorization", "ApiKey " + key}, {"On-Behalf-Of", `%41+b "c"=?utf-8?q?d?=`}},
			want:   auth.Credentials{APIKey: key, OnBehalfOf: `%41+b "c"=?utf-8?q?d?=`},
		},
		"user id beyond ASCII": {
			reason: "A user id is UTF-8, as it is.",
			fields: []field{{"On-Behalf-Of", "жанна-💬"}, {"Authorization", "ApiKey " + key}},
			want:   auth.Credentials{APIKey: key, OnBehalfOf: "жанна-💬"},
		},
		"longest user id": {
			reason: "128 bytes are allowed.",
			fields: []field{{"Authorization", "ApiKey " + key}, {"On-Behalf-Of", long}},
			want:   auth.Credentials{APIKey: key, OnBehalfOf: dialog.UserID(long)},
		},
		"longest credential": {
			reason: "Tokens of big issuers are long.",
			fields: []field{{"QB-Token", huge}},
			want:   auth.Credentials{Token: huge},
		},

		"two headers": {
			reason:  "Two credentials are one too many, even when they agree.",
			fields:  []field{{"QB-Token", session}, {"Authorization", "Bearer " + session}},
			refused: "cannot be combined",
		},
		"token and key": {
			reason:  "Two credentials could mean two callers.",
			fields:  []field{{"QB-Token", session}, {"Authorization", "ApiKey " + key}},
			refused: "cannot be combined",
		},
		"token and empty Authorization": {
			reason:  "An empty header was given all the same.",
			fields:  []field{{"QB-Token", session}, {"Authorization", ""}},
			refused: "cannot be combined",
		},
		"empty QB-Token": {
			reason:  "A header without a credential must not pass as anonymous.",
			fields:  []field{{"QB-Token", ""}},
			refused: "QB-Token is empty",
		},
		"empty Authorization": {
			reason:  "A header without a credential must not pass as anonymous.",
			fields:  []field{{"Authorization", ""}},
			refused: "invalid Authorization: use Bearer",
		},
		"Bearer alone": {
			reason:  "A scheme without a credential must not pass as anonymous.",
			fields:  []field{{"Authorization", "Bearer"}},
			refused: "is empty",
		},
		"ApiKey and spaces": {
			reason:  "A scheme without a credential must not pass as anonymous.",
			fields:  []field{{"Authorization", "ApiKey   "}},
			refused: "is empty",
		},
		"Basic": {
			reason:  "There are no passwords here.",
			fields:  []field{{"Authorization", "Basic dXNlcjpwYXNzd29yZA=="}},
			refused: "invalid Authorization: use Bearer",
		},
		"no scheme": {
			reason:  "A token in the place of the scheme is refused, and not quoted.",
			fields:  []field{{"Authorization", session}},
			refused: "invalid Authorization: use Bearer",
		},
		"Kelvin sign": {
			reason:  "Schemes are ASCII: no other letter folds into theirs.",
			fields:  []field{{"Authorization", "Api\u212aey " + key}},
			refused: "invalid Authorization: use Bearer",
		},
		"tab behind the scheme": {
			reason:  "HTTP wants spaces there.",
			fields:  []field{{"Authorization", "Bearer\t" + session}},
			refused: "invalid Authorization: use Bearer",
		},
		"joined tokens": {
			reason:  "A proxy that joins two headers with a comma must not make one credential of them.",
			fields:  []field{{"QB-Token", session + ", " + session}},
			refused: "contains characters that are not allowed",
		},
		"joined Authorization": {
			reason:  "A proxy that joins two headers with a comma must not make one credential of them.",
			fields:  []field{{"Authorization", "Bearer " + session + ", ApiKey " + key}},
			refused: "contains characters that are not allowed",
		},
		"joined without a space": {
			reason:  "A space is required.",
			fields:  []field{{"Authorization", "ApiKey " + key + "," + key}},
			refused: "contains characters that are not allowed",
		},
		"joined with nothing": {
			reason:  "A comma alone must not be ignored.",
			fields:  []field{{"Authorization", "ApiKey " + key + ","}},
			refused: "contains characters that are not allowed",
		},
		"space within": {
			reason:  "A credential is one word.",
			fields:  []field{{"QB-Token", "Bearer " + session}},
			refused: "contains characters that are not allowed",
		},
		"quoted": {
			reason:  "A credential is not quoted.",
			fields:  []field{{"QB-Token", `"` + session + `"`}},
			refused: "contains characters that are not allowed",
		},
		"beyond ASCII": {
			reason:  "A credential is ASCII, broken UTF-8 included.",
			fields:  []field{{"QB-Token", session + "\xff"}},
			refused: "contains characters that are not allowed",
		},
		"too long": {
			reason:  "Nobody decodes megabytes for somebody who is not known yet.",
			fields:  []field{{"QB-Token", huge + "a"}},
			refused: "is too long: 16385 bytes (limit 16384)",
		},
		"on behalf without a credential": {
			reason:  "A name is not a credential.",
			fields:  []field{{"On-Behalf-Of", "42"}},
			refused: "can only be used with an API key",
		},
		"on behalf with a session token": {
			reason:  "A user is only themselves.",
			fields:  []field{{"QB-Token", session}, {"On-Behalf-Of", "42"}},
			refused: "can only be used with an API key",
		},
		"on behalf with Bearer": {
			reason:  "A user is only themselves.",
			fields:  []field{{"Authorization", "Bearer " + session}, {"On-Behalf-Of", "42"}},
			refused: "can only be used with an API key",
		},
		"on behalf of nobody": {
			reason:  "Empty is not a user, and must not mean the server itself.",
			fields:  []field{{"Authorization", "ApiKey " + key}, {"On-Behalf-Of", ""}},
			refused: "On-Behalf-Of: a user id must not be empty",
		},
		"on behalf of too much": {
			reason:  "129 bytes are too long for a user id.",
			fields:  []field{{"Authorization", "ApiKey " + key}, {"On-Behalf-Of", long + "a"}},
			refused: "On-Behalf-Of: the user id is too long",
		},
		"on behalf in broken UTF-8": {
			reason:  "No store keeps it faithfully.",
			fields:  []field{{"Authorization", "ApiKey " + key}, {"On-Behalf-Of", "caf\xe9"}},
			refused: "On-Behalf-Of: the text must be valid UTF-8; send it in ASCII, for example UTF-8''Jos%C3%A9",
		},
		"user id as an ext-value of encodeURIComponent": {
			reason: "JavaScript leaves a few characters more as they are.",
			fields: []field{{"Authorization", "ApiKey " + key}, {"On-Behalf-Of", "UTF-8''o'brien!*(%C3%A9)~-_."}},
			want:   auth.Credentials{APIKey: key, OnBehalfOf: "o'brien!*(é)~-_."},
		},
		"percent signs": {
			reason: "Without a charset they are part of the id.",
			fields: []field{{"Authorization", "ApiKey " + key}, {"On-Behalf-Of", "Jos%C3%A9"}},
			want:   auth.Credentials{APIKey: key, OnBehalfOf: "Jos%C3%A9"},
		},
		"user id as an ext-value": {
			reason: "Browsers and Node can't send other headers than ASCII (RFC 8187).",
			fields: []field{{"Authorization", "ApiKey " + key}, {"On-Behalf-Of", "utf-8'en'Jos%C3%A9%2C%20Ana"}},
			want:   auth.Credentials{APIKey: key, OnBehalfOf: "José, Ana"},
		},
		"user id as a broken ext-value": {
			reason:  "What is not percent-encoded right is not guessed at.",
			fields:  []field{{"Authorization", "ApiKey " + key}, {"On-Behalf-Of", "UTF-8''Jos%C3%"}},
			refused: "On-Behalf-Of: invalid ext-value (RFC 8187)",
		},
		"user id as an ext-value that is not UTF-8": {
			reason:  "An id is UTF-8 in every form.",
			fields:  []field{{"Authorization", "ApiKey " + key}, {"On-Behalf-Of", "UTF-8''Jos%E9"}},
			refused: "On-Behalf-Of: the text must be valid UTF-8",
		},
		"two users in one header": {
			reason:  "A proxy may fold two headers into one.",
			fields:  []field{{"Authorization", "ApiKey " + key}, {"On-Behalf-Of", "alice, bob"}},
			refused: "On-Behalf-Of must be one user id",
		},
		"on behalf with NUL": {
			reason:  "No store keeps it faithfully.",
			fields:  []field{{"Authorization", "ApiKey " + key}, {"On-Behalf-Of", "4\x002"}},
			refused: "On-Behalf-Of: the text must not contain",
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			h, payload := http.Header{}, map[string]any{"other": 1}
			for _, f := range tc.fields {
				h.Add(f.name, f.value)
				payload[f.name] = f.value
			}
			parsers := map[string]func() (auth.Credentials, error){
				"HTTP":            func() (auth.Credentials, error) { return auth.ParseHeader(h) },
				"upgrade":         func() (auth.Credentials, error) { return auth.ParseConnectionInit(h, map[string]any{"a": nil}) },
				"connection_init": func() (auth.Credentials, error) { return auth.ParseConnectionInit(http.Header{"A": {"b"}}, payload) },
			}
			for transport, parse := range parsers {
				got, err := parse()
				if tc.refused != "" {
					message := wantRefused(t, err, http.StatusBadRequest, session, key, long)
					if !strings.Contains(message, tc.refused) {
						t.Errorf("%s: got the message %q, want %q in it\nreason: %s", transport, message, tc.refused, tc.reason)
					}
				} else if err != nil {
					t.Errorf("%s: got error %v, want none\nreason: %s", transport, err, tc.reason)
				}
				if diff := cmp.Diff(tc.want, got); diff != "" {
					t.Errorf("%s (-want +got):\n%s\nreason: %s", transport, diff, tc.reason)
				}
			}
		})
	}
}

func TestParseCredentialsTwice(t *testing.T) {
	cases := map[string]struct {
		reason  string
		upgrade http.Header
		payload map[string]any
		refused string
	}{
		"header twice": {
			reason:  "Two of one header are refused, even when they agree.",
			upgrade: header("QB-Token", "a", "QB-Token", "a"),
			refused: "QB-Token is sent more than once",
		},
		"Authorization twice": {
			reason:  "Two of one header are refused.",
			upgrade: header("Authorization", "Bearer a", "Authorization", "ApiKey b"),
			refused: "Authorization is sent more than once",
		},
		"On-Behalf-Of twice": {
			reason:  "Which of the two it would be is anybody's guess.",
			upgrade: header("Authorization", "ApiKey a", "On-Behalf-Of", "1", "On-Behalf-Of", "2"),
			refused: "On-Behalf-Of is sent more than once",
		},
		"header in two cases": {
			reason:  "A map that net/http did not make may hold both.",
			upgrade: http.Header{"QB-Token": {"a"}, "Qb-Token": {"a"}},
			refused: "QB-Token is sent more than once",
		},
		"payload in two cases": {
			reason:  "In JSON the two are different names, here they are one.",
			payload: map[string]any{"authorization": "Bearer a", "Authorization": "Bearer a"},
			refused: "Authorization is sent more than once",
		},
		"upgrade and payload": {
			reason:  "One credential in all.",
			upgrade: header("QB-Token", "a"), payload: map[string]any{"QB-Token": "a"},
			refused: "QB-Token is sent more than once",
		},
		"upgrade and payload under two names": {
			reason:  "One credential in all.",
			upgrade: header("QB-Token", "a"), payload: map[string]any{"Authorization": "Bearer a"},
			refused: "cannot be combined",
		},
		"user in both": {
			reason:  "A payload must not take the place of the user whom a proxy named.",
			upgrade: header("Authorization", "ApiKey a", "On-Behalf-Of", "1"), payload: map[string]any{"on-behalf-of": "2"},
			refused: "On-Behalf-Of is sent more than once",
		},
		"null": {
			reason:  "What is there but no credential must not pass as anonymous.",
			payload: map[string]any{"QB-Token": nil},
			refused: "QB-Token must be a string",
		},
		"number": {
			reason:  "A number is not a user id here: its text is not certain.",
			payload: map[string]any{"Authorization": "ApiKey a", "On-Behalf-Of": 42.0},
			refused: "On-Behalf-Of must be a string",
		},
		"list": {
			reason:  "A list could hold two.",
			payload: map[string]any{"Authorization": []any{"Bearer a"}},
			refused: "Authorization must be a string",
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := auth.ParseConnectionInit(tc.upgrade, tc.payload)
			message := wantRefused(t, err, http.StatusBadRequest)
			if !strings.Contains(message, tc.refused) {
				t.Errorf("got the message %q, want %q in it\nreason: %s", message, tc.refused, tc.reason)
			}
			if tc.payload == nil {
				_, err := auth.ParseHeader(tc.upgrade)
				wantRefused(t, err, http.StatusBadRequest)
			}
		})
	}
}

func TestParseConnectionInitTogether(t *testing.T) {
	got, err := auth.ParseConnectionInit(header("Authorization", "ApiKey key"), map[string]any{"On-Behalf-Of": " 42 "})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(auth.Credentials{APIKey: "key", OnBehalfOf: " 42 "}, got); diff != "" {
		t.Errorf("one credential in two places (-want +got):\n%s", diff)
	}
}

func TestCredentialsKeepThemselves(t *testing.T) {
	var book logBook
	for _, c := range []auth.Credentials{{}, {Token: "hush"}, {APIKey: "hush"}, {APIKey: "hush", OnBehalfOf: "hush"}} {
		text := fmt.Sprintf("%v %+v %s", c, c, c)
		slog.New(slog.NewJSONHandler(&book, nil)).Info("who", "credentials", c)
		slog.New(slog.NewTextHandler(&book, nil)).Info("who", "credentials", c)
		if strings.Contains(text+book.String(), "hush") {
			t.Errorf("credentials in %s or in the log %s", text, &book)
		}
	}
}

func FuzzCredentials(f *testing.F) {
	for _, seed := range [][4]string{
		{"QB-Token", "a.b.c", "", ""},
		{"Authorization", "Bearer a.b.c", "", ""},
		{"Authorization", "ApiKey dlg_abc", "On-Behalf-Of", "42"},
		{"authorization", "ApiKey dlg_abc", "on-behalf-of", "%34%32"},
		{"Authorization", "Bearer a", "QB-Token", "b"},
		{"Authorization", "Bearer a, Bearer b", "", ""},
		{"On-Behalf-Of", "caf\xe9", "Authorization", "ApiKey a"},
		{"Authorization", "Api\u212aey a", "On-Behalf-Of", "\x00"},
		{"qb-token", "", "QB-TOKEN", ""},
		{"Authorization", "Bearer \t ", "Cookie", "a=b"},
	} {
		f.Add(seed[0], seed[1], seed[2], seed[3])
	}
	f.Fuzz(func(t *testing.T, name1, value1, name2, value2 string) {
		h := http.Header{}
		h.Add(name1, value1)
		h.Add(name2, value2)
		got, err := auth.ParseHeader(h)

		// Two entries of one map can't have one name, so that the second
		// goes with the upgrade.
		again, againErr := auth.ParseConnectionInit(header(name2, value2), map[string]any{name1: value1})
		if again != got || (againErr == nil) != (err == nil) {
			t.Fatalf("HTTP gives %#v, %v; WebSocket gives %#v, %v", got, err, again, againErr)
		}
		if err != nil {
			var refused *auth.Error
			if !errors.As(err, &refused) || refused.Status != http.StatusBadRequest {
				t.Fatalf("got error %v, want one of status 400", err)
			}
			for _, v := range []string{value1, value2} {
				if len(v) >= 20 && strings.Contains(err.Error(), v) {
					t.Fatalf("the error quotes %q: %v", v, err)
				}
			}
			if got != (auth.Credentials{}) {
				t.Fatalf("credentials %#v came with the error %v", got, err)
			}
			return
		}
		if got.Token != "" && got.APIKey != "" {
			t.Fatalf("two credentials: %#v", got)
		}
		if got.OnBehalfOf != "" && (got.APIKey == "" || string(got.OnBehalfOf) != value1 && string(got.OnBehalfOf) != value2) {
			t.Fatalf("user %q without a key, or not by the name that was given", got.OnBehalfOf)
		}
		if credential := got.Token + got.APIKey; credential != "" {
			if !strings.HasSuffix(value1, credential) && !strings.HasSuffix(value2, credential) {
				t.Fatalf("credential %q is not as it was given", credential)
			}
			if strings.ContainsAny(credential, ", \t\r\n\x00\"") {
				t.Fatalf("credential %q is more than one word", credential)
			}
		}
	})
}
