package edge

import (
	"net/http"

	"dialogs/api"
)

// Healthy says that the process is alive.
func Healthy(w http.ResponseWriter, _ *http.Request) {
	writeStatus(w, http.StatusOK, "ok")
}

// Ready says whether the store can serve.
func Ready(p *Prober) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := p.Probe(r.Context()); err != nil {
			writeStatus(w, http.StatusServiceUnavailable, "store unavailable")
			return
		}
		writeStatus(w, http.StatusOK, "ok")
	}
}

func writeStatus(w http.ResponseWriter, status int, text string) {
	body, err := api.MarshalPlain(map[string]string{"status": text})
	if err != nil {
		status = http.StatusInternalServerError
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n')) // the client may have gone
}
