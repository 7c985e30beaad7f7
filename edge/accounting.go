package edge

import "time"

// begins counts a new request. On HTTP/2, a stream that runs at the same time as another
// one needs room like a connection. If there is no room, begins counts nothing and returns
// the setting that is the limit.
func (c *connection) begins(stream bool) (setting string) {
	c.all.mu.Lock()
	defer c.all.mu.Unlock()
	if stream {
		if c.streams > 0 {
			if setting := c.addStream(); setting != "" {
				return setting
			}
		}
		c.streams++
	}
	c.requests++
	if c.in == &c.all.held {
		c.moveTo(nil, time.Time{})
	}
	return ""
}

// addStream counts an additional stream, if there is room. The mutex must be held.
func (c *connection) addStream() (setting string) {
	all := c.all
	if c.home.IsValid() && all.perHome[c.home] >= all.MostPerAddress {
		all.warn(time.Now(), "--max-connections-per-address", all.MostPerAddress)
		return "--max-connections-per-address"
	}
	if all.open+all.streams >= all.Most {
		all.warn(time.Now(), "--max-connections", all.Most)
		return "--max-connections"
	}
	all.streams++
	if c.home.IsValid() {
		all.perHome[c.home]++
	}
	return ""
}

// ends stops counting a request that was a stream.
func (c *connection) ends() {
	c.all.mu.Lock()
	defer c.all.mu.Unlock()
	if c.streams--; c.streams > 0 {
		c.all.streams--
		c.leaveHome()
	}
	c.requests = max(0, c.requests-1)
	if c.in == nil && c.requests > 0 && c.waiting >= c.requests {
		c.moveTo(&c.all.held, time.Now())
	}
	c.rest()
}

// waits notes that a request waits for its client. since is when it first began to wait,
// which may have been before other work.
func (c *connection) waits(since time.Time) {
	c.all.mu.Lock()
	defer c.all.mu.Unlock()
	c.wait(since)
}

// wait is waits with the mutex held.
func (c *connection) wait(since time.Time) {
	if c.waiting++; c.waiting >= c.requests {
		c.moveTo(&c.all.held, since)
	}
}

// waitsForBody notes that a request waits for its client to send.
func (c *connection) waitsForBody(b *watchedBody) {
	c.all.mu.Lock()
	defer c.all.mu.Unlock()
	if b.stream {
		if c.all.bodies == nil {
			c.all.bodies = map[*watchedBody]struct{}{}
		}
		c.all.bodies[b] = struct{}{}
	}
	c.wait(b.since)
}

// hasRead notes that a request no longer waits for its client to send.
func (c *connection) hasRead(b *watchedBody) {
	c.all.mu.Lock()
	defer c.all.mu.Unlock()
	if b.stream {
		delete(c.all.bodies, b)
	}
	c.goOn()
}

// goesOn notes that a request no longer waits for its client.
func (c *connection) goesOn() {
	c.all.mu.Lock()
	defer c.all.mu.Unlock()
	c.goOn()
}

// goOn is goesOn with the mutex held.
func (c *connection) goOn() {
	c.waiting = max(0, c.waiting-1)
	if c.in == &c.all.held {
		c.moveTo(nil, time.Time{})
	}
}
