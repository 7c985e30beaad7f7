package e2e_test

import (
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"dialogs/servertest"
)

// TestFloodOfBadCredentials has a stranger guess credentials as fast as they can from
// the address of an honest user, who keeps being served, soon.
func TestFloodOfBadCredentials(t *testing.T) {
	for _, attack := range []struct {
		reason string
		header func(p *servertest.Process, random string) servertest.Header
	}{
		{"API keys are looked up in the store", func(_ *servertest.Process, random string) servertest.Header {
			return servertest.WithKey("dlg_" + random)
		}},
		{"signatures of tokens are computed", func(p *servertest.Process, random string) servertest.Header {
			token := p.Token("mallory")
			return servertest.WithToken(token[:strings.LastIndexByte(token, '.')+1] + random)
		}},
		{"tokens of 8 KB are decoded", func(_ *servertest.Process, random string) servertest.Header {
			return servertest.WithToken(strings.Repeat("e", 6000) + "." + strings.Repeat("a", 2000) + "." + random)
		}},
	} {
		t.Run(attack.reason, func(t *testing.T) {
			p := servertest.Spawn(t)
			honest := servertest.WithToken(p.Token("honest"))
			calm := percentile(measured(t, p, honest, 50), 50)
			secret := []byte(rand.Text() + rand.Text())[:32]
			bad := attack.header(p, base64.RawURLEncoding.EncodeToString(secret))
			before, stop := p.Usage(), make(chan struct{})
			var all sync.WaitGroup
			var mu sync.Mutex
			statuses := map[int]int{}
			for range 32 {
				all.Go(func() {
					for {
						select {
						case <-stop:
							return
						default:
						}
						answer, err := p.TryDo(http.MethodPost, "/graphql", bad, nil)
						if err != nil {
							continue
						}
						mu.Lock()
						statuses[answer.Status]++
						mu.Unlock()
					}
				})
			}
			begun := time.Now()
			under := measured(t, p, honest, 50)
			seconds := time.Since(begun).Seconds()
			close(stop)
			all.Wait()
			after := p.Usage()
			t.Logf("%v in %.1f s; %d MB, %v CPU; honest p50 %v calm, %v under attack, p98 %v", statuses, seconds,
				(after.PeakMemory-before.Memory)/megabyte, after.CPU-before.CPU, calm, percentile(under, 50), percentile(under, 98))
			if waits := percentile(under, 50); waits > max(100*time.Millisecond, 5*calm) {
				t.Errorf("an honest user waits %v, and %v without the attack", waits, calm)
			}
			if statuses[http.StatusTooManyRequests] == 0 || len(statuses) > 2 {
				t.Errorf("got the statuses %v, want 401 and then 429", statuses)
			}
			if taken := after.PeakMemory - before.Memory; taken > 50*megabyte {
				t.Errorf("took %d MB", taken/megabyte)
			}
		})
	}
}

// measured times requests of a user, one after another and below the rate limit.
func measured(t *testing.T, p *servertest.Process, h servertest.Header, times int) []time.Duration {
	t.Helper()
	var took []time.Duration
	pace := time.NewTicker(25 * time.Millisecond)
	defer pace.Stop()
	for range times {
		<-pace.C
		begun := time.Now()
		p.Must(h, whoami, nil)
		took = append(took, time.Since(begun))
	}
	return took
}
