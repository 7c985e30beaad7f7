package edge

import "time"

// cut closes every connection that waits for its client and has done so for as
// long, counted from a start at the earliest.
func (c *Connections) cut(start time.Time, after time.Duration) {
	now := time.Now()
	var late []*connection
	c.mu.Lock()
	for _, l := range []*lineup{&c.idle, &c.held} {
		for v := range l.all() {
			if now.Sub(v.since) >= after && now.Sub(start) >= after {
				late = append(late, v)
			}
		}
	}
	c.mu.Unlock()
	for _, v := range late {
		_ = v.Close()
	}
}

// wait waits for the refusals that are being said.
func (c *Connections) wait() {
	for range mostRefusals {
		c.refusals <- struct{}{}
	}
}

// busy tells whether a request is being executed: it waits for the server, and
// not for its client.
func (c *Connections) busy() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.open > c.idle.length+c.held.length+c.upgraded
}
