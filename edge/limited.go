package edge

import (
	"net/http"
	"net/netip"

	"dialogs/api"
	"dialogs/auth"
	"dialogs/dialog"
)

// Limited refuses requests of callers who send too many. A request counts as one unit when
// it arrives. When the API knows the size of the operation, it charges the rest
// ([api.Charge]).
//
// With sockets, the API takes requests for WebSockets. Browsers send these without
// credentials: they are counted when the caller is known ([Callers.SignIn]). Otherwise,
// strangers could keep callers with valid credentials at the same address from connecting.
func Limited(l *RateLimiter, sockets bool, refuse api.Refuser) Guard {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			caller, address := auth.FromContext(r.Context()).Caller, clientFrom(r.Context()).address
			if !l.limits(caller) {
				next.ServeHTTP(w, r)
				return
			}
			charge := l.charger(caller, address)
			if !sockets || caller.Kind() != dialog.Anonymous || !isSocket(r) {
				if refusal := l.Take(caller, address, 1); refusal != nil {
					refuse(w, r, refusal)
					return
				}
				charge = charge.After(1)
			}
			next.ServeHTTP(w, with(r, api.WithCharger(contextOf(r), charge)))
		})
	}
}

// charger returns a function that counts operations of a caller.
func (l *RateLimiter) charger(c dialog.Caller, address netip.Addr) api.Charger {
	return func(units, before int) *api.Refusal { return l.takeMore(c, address, units, before) }
}

// LimitedOutside refuses requests from addresses that send too many to paths outside the
// APIs, which need no credentials: health, redirects, pages that do not exist. Requests of
// a trusted proxy itself, for example health checks of load balancers, are not counted.
func LimitedOutside(l *RateLimiter, proxies Proxies, refuse api.Refuser) Guard {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			address := clientFrom(r.Context()).address
			if !proxies.Trust(address) {
				if refusal := l.takeOf(l.outside, neighborhood(address), 1, 0, "too many requests from this address"); refusal != nil {
					refuse(w, r, refusal)
					return
				}
			}
			next.ServeHTTP(w, r)
		})
	}
}
