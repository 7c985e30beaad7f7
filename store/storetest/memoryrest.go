package storetest

import (
	"context"
	"maps"
	"slices"

	"dialogs/dialog"
)

func (i *memoryInstance) Classes(ctx context.Context) ([]dialog.Class, error) {
	end, err := i.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	var list []dialog.Class
	for _, name := range slices.Sorted(maps.Keys(i.m.classes)) {
		c := i.m.classes[name]
		c.Fields = copyOf(c.Fields)
		list = append(list, c)
	}
	return list, nil
}

func (i *memoryInstance) SaveClass(ctx context.Context, c dialog.Class) (bool, error) {
	end, err := i.begin(ctx)
	if err != nil {
		return false, err
	}
	defer end()
	if i.m.classes[c.Name].Revision != c.Revision-1 {
		return false, nil
	}
	c.Fields = copyOf(c.Fields)
	i.m.classes[c.Name] = c
	return true, nil
}

func (i *memoryInstance) AddAPIKey(ctx context.Context, k dialog.APIKey) error {
	end, err := i.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	if _, taken := i.m.keys[k.Name]; taken {
		return &dialog.Error{Code: dialog.Conflict, Message: "there is an API key of this name"}
	}
	i.m.keys[k.Name] = k
	return nil
}

func (i *memoryInstance) APIKeys(ctx context.Context) ([]dialog.APIKey, error) {
	end, err := i.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	var list []dialog.APIKey
	for _, name := range slices.Sorted(maps.Keys(i.m.keys)) {
		list = append(list, i.m.keys[name])
	}
	return list, nil
}

func (i *memoryInstance) RemoveAPIKey(ctx context.Context, name string) error {
	end, err := i.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	if _, ok := i.m.keys[name]; !ok {
		return &dialog.Error{Code: dialog.NotFound, Message: "there is no API key of this name"}
	}
	delete(i.m.keys, name)
	return nil
}

func (i *memoryInstance) EndSession(ctx context.Context, s dialog.EndedSession) error {
	end, err := i.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	if i.m.ended[s.ID].Until.Before(s.Until) {
		i.m.ended[s.ID] = s
	}
	return nil
}

func (i *memoryInstance) SessionEnded(ctx context.Context, id string) (bool, error) {
	end, err := i.begin(ctx)
	if err != nil {
		return false, err
	}
	defer end()
	_, ended := i.m.ended[id]
	return ended, nil
}

func (i *memoryInstance) EndedSessions(ctx context.Context) ([]dialog.EndedSession, error) {
	end, err := i.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	var list []dialog.EndedSession
	for _, id := range slices.Sorted(maps.Keys(i.m.ended)) {
		list = append(list, i.m.ended[id])
	}
	return list, nil
}
