package edge

import "time"

// cut closes every connection that has been waiting for its client for at least the
// duration after, if at least as much time has passed since start. On HTTP/2, it also ends
// each body for which a request has waited as long: other requests of its connection may
// wait for something else, such as memory that those with slow bodies hold.
func (c *Connections) cut(start time.Time, after time.Duration) {
	now := time.Now()
	var late []*connection
	c.mu.Lock()
	for _, l := range []*lineup{&c.idle, &c.unsigned, &c.held} {
		for v := range l.all() {
			if now.Sub(v.since) >= after && now.Sub(start) >= after {
				late = append(late, v)
			}
		}
	}
	for b := range c.bodies {
		if now.Sub(b.since) >= after && now.Sub(start) >= after {
			// With a deadline in the past, this does not wait for the connection. The
			// mutex is held because the request must not end meanwhile.
			_ = b.control.SetReadDeadline(now.Add(-time.Second))
		}
	}
	c.mu.Unlock()
	for _, v := range late {
		_ = v.Close()
	}
}

// wait waits until all refusals were sent.
func (c *Connections) wait() {
	for range mostRefusals {
		c.refusals <- struct{}{}
	}
}

// busy reports whether a request is being executed: it does not wait for its client.
func (c *Connections) busy() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.open > c.idle.length+c.unsigned.length+c.held.length+c.settled
}
