package edge

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"
)

// drain waits for the requests that are being executed, and for WebSockets, which net/http
// does not track. It returns an error if requests had to be cut off.
func (s Server) drain(ctx context.Context, server *http.Server, handlers *running) error {
	graceful, cancel := context.WithTimeout(ctx, s.Grace)
	defer cancel()
	cutting, stopCutting := context.WithCancel(ctx)
	var cutter sync.WaitGroup
	cutter.Go(func() {
		start, look := time.Now(), time.NewTicker(drainPatience/20)
		defer look.Stop()
		for {
			select {
			case <-look.C:
				s.Connections.cut(start, drainPatience)
			case <-cutting.Done():
				return
			}
		}
	})
	defer cutter.Wait()
	defer stopCutting()
	if server.Shutdown(graceful) == nil {
		handlers.wait(graceful)
		return nil
	}
	busy := s.Connections.busy()
	_ = server.Close()
	if !busy { // only clients were slow
		return nil
	}
	return errors.New("some requests were cut off: they took longer than --shutdown-grace")
}
