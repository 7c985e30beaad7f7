package cli

import (
	"strings"
	"testing"
)

// TestWithoutSecrets hides who signs in, and what follows the path, in URLs of every kind.
func TestWithoutSecrets(t *testing.T) {
	for text, want := range map[string]string{
		"":                                "",
		"./data?x@y":                      "./data?x@y",
		"https://issuer.example.com/keys": "https://issuer.example.com/keys",
		"https://hunter2@issuer.example.com/keys":                       "https://(hidden)@issuer.example.com/keys",
		"https://u:hunter2@issuer.example.com:8443/keys":                "https://(hidden)@issuer.example.com:8443/keys",
		"https://issuer.example.com/keys?token=hunter2":                 "https://issuer.example.com/keys?(hidden)",
		"https://issuer.example.com/keys#hunter2":                       "https://issuer.example.com/keys?(hidden)",
		"https://u:hunter2@issuer.example.com/keys?token=hunter2&x=a@b": "https://(hidden)@(hidden)?(hidden)",
		"https://u:p@hunter2#x@issuer.example.com/keys":                 "https://(hidden)@(hidden)?(hidden)",
		"https://me@example.com:hunter2?x@issuer.example.com/keys":      "https://(hidden)@(hidden)?(hidden)",
		"https://u:hunter2?x@issuer.example.com/keys":                   "https://(hidden)?(hidden)",
		"https://u:hunter2#x@issuer.example.com/keys":                   "https://(hidden)?(hidden)",
		"https://u:hunter2/x@issuer.example.com/keys":                   "https://(hidden)@issuer.example.com/keys",
		"https://u:hunter2@x@issuer.example.com/keys":                   "https://(hidden)@issuer.example.com/keys",
		"https://u:%zzhunter2@issuer.example.com/keys":                  "https://(hidden)@issuer.example.com/keys",
		"mongodb://u:hunter2@a:27017,b:27017/dialogs?password=hunter2":  "mongodb://(hidden)@a:27017,b:27017/dialogs?(hidden)",
		"mongodb+srv://u:hunter2@db.example.com/dialogs":                "mongodb+srv://(hidden)@db.example.com/dialogs",
		"://u:hunter2@host": "://(hidden)@host",
		"https://":          "https://",
		"https://?hunter2":  "https://?(hidden)",
		strings.Repeat("x", 100) + "://u:hunter2@host": strings.Repeat("x", 100) + "://(hidden)@host",
	} {
		got := withoutSecrets(text)
		if got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
		if short := shown(text); strings.Contains(short, "hunter2") {
			t.Errorf("%s: an error shows %s", text, short)
		}
	}
}
