package dialogtest

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

// longestMessage is how many characters a message may have, so that it fits
// into a notice of an app.
const longestMessage = 160

// CheckMessage fails the test when an error message is too long for a notice,
// has several lines or shows a secret.
func CheckMessage(tb testing.TB, message string, secrets ...string) {
	tb.Helper()
	if n := utf8.RuneCountInString(message); n == 0 || n > longestMessage {
		tb.Errorf("an error message has %d characters, want 1 to %d: %s", n, longestMessage, message)
	}
	if strings.ContainsAny(message, "\n\r\t") {
		tb.Errorf("an error message has more than one line: %q", message)
	}
	for _, secret := range secrets {
		if secret != "" && strings.Contains(message, secret) {
			tb.Errorf("an error message shows the secret %q: %s", secret, message)
		}
	}
}

// CheckErrors checks the messages of an answer of either API: GraphQL has
// objects in errors, the QuickBlox API has texts.
func CheckErrors(tb testing.TB, body []byte, secrets ...string) {
	tb.Helper()
	var answer struct {
		Errors []json.RawMessage `json:"errors"`
	}
	if !bytes.Contains(body, []byte(`"errors"`)) || json.Unmarshal(body, &answer) != nil {
		return
	}
	for _, raw := range answer.Errors {
		message := struct {
			Message *string `json:"message"`
		}{new("")}
		if json.Unmarshal(raw, message.Message) != nil && json.Unmarshal(raw, &message) != nil {
			tb.Errorf("an error of an unknown shape: %s", raw)
			continue
		}
		CheckMessage(tb, *message.Message, secrets...)
	}
}
