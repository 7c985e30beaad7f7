package edge

import (
	"log/slog"
	"net/http"

	"dialogs/api"
)

// Recover answers INTERNAL when a guard or a page behind it panics. APIs recover from
// their own panics, because they know what was done before. If an answer has already
// begun, it is cut off, so that the client does not take it for a complete one. Recover
// must come directly behind [Logged].
func Recover(log *slog.Logger, refuse api.Refuser) Guard {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			defer func() {
				v := recover()
				if v == nil {
					return
				}
				if v == http.ErrAbortHandler { //nolint:errorlint // net/http compares it in the same way
					panic(v)
				}
				err := api.Recovered(r.Context(), log, v)
				if watched, ok := w.(*statusWriter); ok && watched.begun {
					panic(http.ErrAbortHandler)
				}
				refuse(w, r, api.RefusalOf(r.Context(), log, err))
			}()
			next.ServeHTTP(w, r)
		})
	}
}
