package edge

import (
	"net/http"

	"dialogs/api"
)

// Healthy answers that the process is alive.
func Healthy(w http.ResponseWriter, _ *http.Request) {
	writeStatus(w, http.StatusOK, map[string]string{"status": "ok"})
}

// Ready answers whether the server can serve requests: the store must be available, and
// the server must not be about to stop. Each report adds the state of another part, which
// does not affect that.
func Ready(p *Prober, reports ...func() (part, state string)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		status, says := http.StatusOK, map[string]string{"status": "ok"}
		for _, report := range reports {
			part, state := report()
			says[part] = state
		}
		switch {
		case p.draining.Load():
			status, says["status"] = http.StatusServiceUnavailable, "stopping"
		case p.Probe(r.Context()) != nil:
			status, says["status"] = http.StatusServiceUnavailable, "store unavailable"
		}
		writeStatus(w, status, says)
	}
}

func writeStatus(w http.ResponseWriter, status int, says map[string]string) {
	body, err := api.MarshalPlain(says)
	if err != nil {
		status = http.StatusInternalServerError
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n')) // the client may have gone
}
