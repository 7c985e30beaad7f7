//go:build !linux

package peers_test

import (
	"errors"
	"time"
)

func (l *load) run() ([]time.Duration, error) { return nil, errors.ErrUnsupported }
