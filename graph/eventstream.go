package graph

import (
	"context"
	"errors"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/vektah/gqlparser/v2/gqlerror"

	"dialogs/api"
)

// An eventStream is an answer that consists of server-sent events, each of which is sent
// immediately. The writer that it uses limits the time for that.
type eventStream struct {
	overEvents
	control *http.ResponseController
	ctx     context.Context
	cancel  context.CancelFunc
	lasting bool // it is for a subscription

	pings   sync.WaitGroup
	signing atomic.Bool // a comment is being sent

	mu sync.Mutex // guards what follows
	w  http.ResponseWriter
}

// serve answers with events until the operation has ended.
func (e *eventStream) serve(run func() (gqlerror.List, error)) {
	e.quota.open.Add(1)
	defer e.quota.open.Add(-1)
	if e.open() != nil {
		return
	}
	defer e.pings.Wait()
	defer e.upkeep.tend(e.ctx, e)()
	errs, err := run()
	if errors.Is(err, errLater) {
		api.NoteReason(e.ctx, errs[0].Message)
		return // without complete, so that the client connects again
	}
	if errors.Is(err, errCut) {
		api.NoteReason(e.ctx, "connection lost")
		return // without complete, so that the client connects again
	}
	if len(errs) > 0 && e.next(newResult(encode(bareResponse{Errors: bounded(errs, requestErrorBytes)})), nil) != nil {
		return
	}
	_ = e.write([]byte("event: complete\ndata:\n\n")) // the client may have gone
}

// sign is a comment of the event stream. It keeps proxies from closing a connection that
// seems to be dead.
const sign = ":\n\n"

// open begins the answer.
func (e *eventStream) open() error {
	h := e.w.Header()
	h.Set("Content-Type", typeEvents+"; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no")
	h.Set("X-Content-Type-Options", "nosniff")
	e.w.WriteHeader(http.StatusOK)
	return e.write([]byte(sign))
}

// next sends one result. The writer does not tell whether that has to wait.
func (e *eventStream) next(r result, waits func()) error {
	if waits != nil {
		waits()
	}
	return e.write(r)
}

func (e *eventStream) write(text []byte) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	_, err := e.w.Write(text) //nolint:gosec,nolintlint // no browser shows an event stream as a page; gosec finds this only sometimes
	if err == nil {
		err = e.control.Flush()
	}
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		e.end("the client reads too slowly")
	case err != nil:
		e.end("connection lost")
	}
	return err
}

// end ends the stream. If it is called again, the first reason is kept.
func (e *eventStream) end(reason string) {
	api.NoteReason(e.ctx, reason)
	e.cancel()
}

// signedIn returns the context of the caller.
func (e *eventStream) signedIn() context.Context { return e.ctx }

// keepAlive sends a comment, unless the previous one is still waiting for the client.
func (e *eventStream) keepAlive() {
	if e.signing.Swap(true) {
		return
	}
	e.pings.Go(func() {
		defer e.signing.Store(false)
		_ = e.write([]byte(sign))
	})
}

// revoke ends the stream because the caller's credentials are no longer valid.
func (e *eventStream) revoke(refused error) { e.end(refused.Error()) }

// stop ends the stream because the server is stopping; many streams do not end all at the
// same time. A query or mutation is still answered.
func (e *eventStream) stop() {
	if e.lasting {
		time.AfterFunc(e.endAfter(), func() { e.end("the server is stopping") })
	}
}
