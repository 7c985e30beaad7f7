package dialog

import (
	"context"
	"slices"
	"sync"
)

// A classCache remembers the definitions of classes. Classes only grow, so what
// it has is never wrong, but it may be incomplete: it asks the store again
// before it calls a class or a field unknown.
type classCache struct {
	store  ClassStore
	mu     sync.Mutex
	byName map[string]Class
}

// known returns the class, and whether it exists.
func (c *classCache) known(ctx context.Context, class string, fields []string) (Class, bool, error) {
	if have, ok := c.get(class); ok && hasAll(have, fields) {
		return have, true, nil
	}
	if _, err := c.reload(ctx); err != nil {
		return Class{}, false, err
	}
	have, ok := c.get(class)
	return have, ok, nil
}

func (c *classCache) get(class string) (Class, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	have, ok := c.byName[class]
	return have, ok
}

// reload reads all classes from the store and remembers the newest of each.
func (c *classCache) reload(ctx context.Context) ([]Class, error) {
	classes, err := c.store.Classes(ctx)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.byName == nil {
		c.byName = map[string]Class{}
	}
	for _, class := range classes {
		if c.byName[class.Name].Revision <= class.Revision {
			c.byName[class.Name] = class
		}
	}
	return classes, nil
}

func hasAll(class Class, fields []string) bool {
	return !slices.ContainsFunc(fields, func(name string) bool {
		_, ok := class.Field(name)
		return !ok
	})
}
