package edge

import (
	"fmt"
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
// forgotten starts with a full bucket, like one who was away.
const callersRemembered = 100_000

// A RateLimiter keeps a token bucket for each caller: a user (however they
// signed in), an API key that acts for nobody, or the address of a caller
// without credentials. An address has another one for its failed sign-ins.
type RateLimiter struct {
	// perUser and perKey are in requests per second; 0 means no limit.
	perUser, perKey float64
	now             func() time.Time
	buckets         *lru.Cache[string, *rate.Limiter]
}

// NewRateLimiter takes limits in requests per second; 0 means no limit. The
// burst is twice that.
func NewRateLimiter(perUser, perKey float64, now func() time.Time) (*RateLimiter, error) {
	buckets, err := lru.New[string, *rate.Limiter](callersRemembered)
	if err != nil {
		return nil, err
	}
	return &RateLimiter{perUser: perUser, perKey: perKey, now: now, buckets: buckets}, nil
}

// Take takes a token for one request or operation. Without one it tells how
// long to wait.
func (l *RateLimiter) Take(c dialog.Caller, address string) (wait time.Duration) {
	name, perSecond := "user "+string(c.User), l.perUser
	switch c.Kind() {
	case dialog.Server:
		name, perSecond = "key "+c.APIKey, l.perKey
	case dialog.Anonymous:
		name = "address " + address
	case dialog.User:
	}
	return l.takeOf(name, perSecond)
}

// failed counts a failed sign-in from the address.
func (l *RateLimiter) failed(address string) { l.takeOf("failed "+address, l.perUser) }

// failedTooOften tells how long the address has to wait until its credentials
// are looked at. It takes no token and remembers nobody.
func (l *RateLimiter) failedTooOften(address string) (wait time.Duration) {
	bucket, ok := l.buckets.Get("failed " + address)
	if !ok {
		return 0
	}
	missing := 1 - bucket.TokensAt(l.now())
	return max(0, time.Duration(missing/l.perUser*float64(time.Second)))
}

func (l *RateLimiter) takeOf(name string, perSecond float64) (wait time.Duration) {
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

// Limited refuses callers who send requests too fast.
func Limited(l *RateLimiter, refuse api.Refuser) Guard {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if wait := l.Take(auth.FromContext(r.Context()).Caller, addressOf(r)); wait > 0 {
				refuse(w, r, tooMany("too many requests", wait))
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

// tooMany tells a caller when to try again.
func tooMany(what string, wait time.Duration) *api.Refusal {
	r := &api.Refusal{Code: api.RateLimited, RetryAfter: wait}
	r.Message = fmt.Sprintf("%s: try again in %d s", what, r.RetrySeconds())
	return r
}

// addressOf is the client's address without its port.
func addressOf(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}
