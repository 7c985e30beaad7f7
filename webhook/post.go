package webhook

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"dialogs/dialog"
)

const (
	// postTimeout is the time limit of one attempt.
	postTimeout = 20 * time.Second
	// connectionsPerHost is how many deliveries to one receiver run at the same time.
	connectionsPerHost = 32
	// maxReason is how many characters of the reason for a failure are kept.
	maxReason = 200
	// answerRead is how many bytes of an answer are read, so that the connection can be
	// reused.
	answerRead = 4 << 10
	// longestPause is the longest Retry-After that is accepted; a longer one is shortened
	// to it.
	longestPause = 24 * time.Hour
)

// A client makes deliveries. It does not follow redirects, does not use a proxy, and only
// connects to addresses that its targets allow.
type client struct {
	http.Client

	targets Targets
}

func newClient(t Targets) *client {
	return &client{targets: t, Client: http.Client{
		Timeout:       postTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			Proxy: nil, DialContext: t.dial, ForceAttemptHTTP2: true, TLSHandshakeTimeout: 10 * time.Second,
			MaxIdleConns: 4 * connectionsPerHost, MaxIdleConnsPerHost: connectionsPerHost, MaxConnsPerHost: connectionsPerHost,
			IdleConnTimeout: time.Minute, MaxResponseHeaderBytes: 64 << 10, DisableCompression: true,
		},
	}}
}

// An outcome is the result of one attempt.
type outcome struct {
	// failure is why the attempt failed; empty if it succeeded.
	failure string
	// gone means that the receiver wants no more deliveries (status 410).
	gone bool
	// slow means that the receiver wants fewer deliveries (Retry-After, or status 429, 502
	// or 504). pause is how long it wants none; 0 if it does not say.
	slow  bool
	pause time.Duration
}

// name returns the outcome as one word.
func (o *outcome) name() string {
	switch {
	case o.gone:
		return "gone"
	case o.slow:
		return "slow"
	case o.failure != "":
		return "failed"
	}
	return "delivered"
}

// post makes one attempt to deliver a message.
func (c *client) post(ctx context.Context, to string, m *message, keys [][]byte, now func() time.Time) outcome {
	// The targets may have changed since the webhook was added.
	if err := c.targets.Check(to); err != nil {
		return outcome{failure: reason(err.Error())}
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(m.body))
	if err != nil {
		return outcome{failure: reason(err.Error())}
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "dialogs-webhook")
	sign(request.Header, m.id, now(), m.body, keys)
	response, err := c.Do(request)
	if err != nil {
		return outcome{failure: reason(withoutURL(err))}
	}
	defer func() { _ = response.Body.Close() }()
	line := firstLine(response.Body)
	status := response.StatusCode
	if status >= 200 && status < 300 {
		return outcome{}
	}
	o := outcome{failure: reason(strings.TrimSpace(strconv.Itoa(status) + " " + http.StatusText(status)))}
	if line != "" {
		o.failure = reason(o.failure + ": " + line)
	}
	o.gone = status == http.StatusGone
	o.pause = retryAfter(response.Header.Get("Retry-After"), now())
	o.slow = o.pause > 0 || status == http.StatusTooManyRequests || status == http.StatusBadGateway || status == http.StatusGatewayTimeout
	return o
}

// withoutURL returns an error as text without its URL, which can contain a secret.
func withoutURL(err error) string {
	var u *url.Error
	if errors.As(err, &u) && u.Timeout() {
		return "no answer within " + postTimeout.String()
	}
	return dialog.WithoutURL(err).Error()
}

// firstLine returns the first line of an answer, and reads up to 4 KiB of it.
func firstLine(body io.Reader) string {
	limited := bufio.NewReaderSize(io.LimitReader(body, answerRead), 1<<10)
	line, _, _ := limited.ReadLine()
	text := string(line)
	_, _ = io.Copy(io.Discard, limited)
	return text
}

// reason makes a text safe to store and show: one line of at most 200 printable
// characters.
func reason(text string) string {
	text = strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, " "))
	if utf8.RuneCountInString(text) > maxReason {
		text = string([]rune(text)[:maxReason-1]) + "…"
	}
	return strings.TrimSpace(text)
}

// retryAfter parses a Retry-After header, which is a number of seconds or a date.
func retryAfter(header string, now time.Time) time.Duration {
	if header == "" {
		return 0
	}
	if seconds, err := strconv.ParseInt(header, 10, 64); err == nil || errors.Is(err, strconv.ErrRange) { // then it is the largest or smallest number
		return time.Duration(min(max(seconds, 0), int64(longestPause/time.Second))) * time.Second
	}
	if at, err := http.ParseTime(header); err == nil {
		return min(max(at.Sub(now), 0), longestPause)
	}
	return 0
}
