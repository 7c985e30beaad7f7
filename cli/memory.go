package cli

import (
	"errors"
	"log/slog"
	"math"

	"github.com/KimMachineGun/automemlimit/memlimit"
)

// heapShare is the part of a container's memory that the Go heap may take. The
// rest is for memory that the collector does not see, especially SQLite's
// caches.
const heapShare = 0.7

// limitHeap lets the collector keep the heap below the limit of the container
// (its memory cgroup), unless GOMEMLIMIT is set.
func limitHeap(log *slog.Logger) {
	limit, err := memlimit.Set(memlimit.WithRatio(heapShare))
	switch {
	case errors.Is(err, memlimit.ErrCgroupsNotSupported), errors.Is(err, memlimit.ErrNoCgroup):
	case err != nil:
		log.Warn("reading the container's memory limit failed; set GOMEMLIMIT", "error", err)
	case limit < math.MaxInt64:
		log.Info("heap limited", "bytes", limit)
	}
}
