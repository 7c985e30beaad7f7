package main

import (
	"math"
	"net"
	"net/http"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/time/rate"

	"dialogs/api"
	"dialogs/auth"
	"dialogs/dialog"
)

// callersRemembered bounds the memory that token buckets take. A caller who is
// forgotten starts with a full bucket, as one who was away does.
const callersRemembered = 100_000

// A rateLimiter keeps a token bucket for each caller: a user however he came,
// an API key that acts for nobody, or the address of who has no credentials. An
// address has another one for the credentials from there that did not hold.
type rateLimiter struct {
	// perUser and perKey are in requests a second, and 0 for no limit.
	perUser, perKey float64
	now             func() time.Time
	buckets         *lru.Cache[string, *rate.Limiter]
}

func newRateLimiter(perUser, perKey float64, now func() time.Time) (*rateLimiter, error) {
	buckets, err := lru.New[string, *rate.Limiter](callersRemembered)
	if err != nil {
		return nil, err
	}
	return &rateLimiter{perUser: perUser, perKey: perKey, now: now, buckets: buckets}, nil
}

// take takes a token for the request. Without one it tells how long to wait.
func (l *rateLimiter) take(c dialog.Caller, r *http.Request) (wait time.Duration) {
	name, perSecond := "user "+string(c.User), l.perUser
	switch c.Kind() {
	case dialog.Server:
		name, perSecond = "key "+c.APIKey, l.perKey
	case dialog.Anonymous:
		name = "address " + addressOf(r)
	case dialog.User:
	}
	return l.takeOf(name, perSecond)
}

// credentialsRefused counts credentials of the request's address that did not
// hold.
func (l *rateLimiter) credentialsRefused(r *http.Request) {
	l.takeOf(refusedName(r), l.perUser)
}

// guessing tells how long the request's address has to wait until its
// credentials are looked at, because too many did not hold. It takes nothing
// and remembers nobody.
func (l *rateLimiter) guessing(r *http.Request) (wait time.Duration) {
	bucket, ok := l.buckets.Get(refusedName(r))
	if !ok {
		return 0
	}
	missing := 1 - bucket.TokensAt(l.now())
	return max(0, time.Duration(missing/l.perUser*float64(time.Second)))
}

func refusedName(r *http.Request) string { return "refused " + addressOf(r) }

// addressOf is the client's address without its port.
func addressOf(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

func (l *rateLimiter) takeOf(name string, perSecond float64) (wait time.Duration) {
	if perSecond == 0 {
		return 0
	}
	bucket, ok := l.buckets.Get(name)
	if !ok {
		// A burst of two seconds' worth lets a page load.
		bucket = rate.NewLimiter(rate.Limit(perSecond), int(math.Ceil(2*perSecond)))
		if other, found, _ := l.buckets.PeekOrAdd(name, bucket); found {
			bucket = other
		}
	}
	now := l.now()
	reservation := bucket.ReserveN(now, 1)
	wait = reservation.DelayFrom(now)
	if wait > 0 {
		reservation.CancelAt(now)
	}
	return wait
}

// rateLimited refuses those who ask too often.
func rateLimited(l *rateLimiter, refuse api.Refuser, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		wait := l.take(auth.FromContext(r.Context()).Caller, r)
		if wait == 0 {
			next.ServeHTTP(w, r)
			return
		}
		refuseFor(w, r, refuse, wait, "too many requests")
	})
}

// refuseFor tells who asks too often when to ask again.
func refuseFor(w http.ResponseWriter, r *http.Request, refuse api.Refuser, wait time.Duration, message string) {
	refuse(w, r, &api.Refusal{Code: api.RateLimited, Message: message, RetryAfter: wait})
}
