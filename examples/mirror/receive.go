package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// An event is a delivery of the server.
type event struct {
	Type string
	Data struct {
		DialogID  string
		Change    struct{ Version int64 }
		Dialog    *dialog
		Truncated bool
		// Cursor and ToVersion are those of gaps.
		Cursor    string
		ToVersion int64
	}
}

// ServeHTTP applies a delivery. The server sends it again, unless the answer is 200.
func (m *mirror) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 20<<10))
	if err != nil || !signed(r.Header, body, m.secret) {
		http.Error(w, "invalid signature", http.StatusBadRequest)
		return
	}
	var e event
	if err := json.Unmarshal(body, &e); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if err := m.apply(r.Context(), e); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}

func (m *mirror) apply(ctx context.Context, e event) error {
	d := e.Data
	switch {
	case e.Type == "gap" && d.Cursor != "":
		return m.readAll(ctx)
	case e.Type == "dialog.deleted":
		return m.db.remove(ctx, d.DialogID, d.Change.Version)
	case e.Type == "gap", strings.HasPrefix(e.Type, "dialog.") && (d.Dialog == nil || d.Truncated):
		return m.read(ctx, d.DialogID)
	case strings.HasPrefix(e.Type, "dialog."):
		return m.db.save(ctx, *d.Dialog)
	}
	return nil // a test, or a type that is newer than this program
}

// signed verifies a signature as Standard Webhooks specifies.
func signed(h http.Header, body []byte, secret string) bool {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		return false
	}
	stamp := h.Get("webhook-timestamp")
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil || time.Since(time.Unix(seconds, 0)).Abs() > 5*time.Minute {
		return false
	}
	mac := hmac.New(sha256.New, key)
	_, _ = fmt.Fprintf(mac, "%s.%s.%s", h.Get("webhook-id"), stamp, body)
	want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	for _, signature := range strings.Fields(h.Get("webhook-signature")) {
		if hmac.Equal([]byte(signature), []byte(want)) {
			return true
		}
	}
	return false
}
