package memory

import (
	"context"
	"maps"
	"slices"
	"time"

	"dialogs/dialog"
)

func (s *store) Classes(ctx context.Context) ([]dialog.Class, error) {
	end, err := s.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	var list []dialog.Class
	for _, name := range slices.Sorted(maps.Keys(s.db.classes)) {
		c := s.db.classes[name]
		c.Fields = copyOf(c.Fields)
		list = append(list, c)
	}
	return list, nil
}

func (s *store) SaveClass(ctx context.Context, c dialog.Class) (bool, error) {
	end, err := s.begin(ctx)
	if err != nil {
		return false, err
	}
	defer end()
	if s.db.classes[c.Name].Revision != c.Revision-1 {
		return false, nil
	}
	c.Fields = copyOf(c.Fields)
	s.db.classes[c.Name] = c
	return true, nil
}

func (s *store) AddAPIKey(ctx context.Context, k dialog.APIKey) error {
	end, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	if _, taken := s.db.keys[k.Name]; taken {
		return dialog.ErrAPIKeyExists(k.Name)
	}
	s.db.keys[k.Name] = k
	return nil
}

func (s *store) APIKeys(ctx context.Context) ([]dialog.APIKey, error) {
	end, err := s.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	var list []dialog.APIKey
	for _, name := range slices.Sorted(maps.Keys(s.db.keys)) {
		list = append(list, s.db.keys[name])
	}
	return list, nil
}

func (s *store) RemoveAPIKey(ctx context.Context, name string) error {
	end, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	if _, ok := s.db.keys[name]; !ok {
		return dialog.ErrAPIKeyNotFound(name)
	}
	delete(s.db.keys, name)
	return nil
}

func (s *store) UseAPIKey(ctx context.Context, name string, day time.Time) error {
	end, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	if k, ok := s.db.keys[name]; ok && k.UsedOn.Before(day) {
		k.UsedOn = day
		s.db.keys[name] = k
	}
	return nil
}

func (s *store) EndSession(ctx context.Context, e dialog.EndedSession) error {
	end, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	if s.db.ended[e.ID].Until.Before(e.Until) {
		s.db.ended[e.ID] = e
	}
	return nil
}

func (s *store) SessionsEnded(ctx context.Context, ids []string) (ended []string, err error) {
	end, err := s.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	for _, id := range ids {
		if _, found := s.db.ended[id]; found {
			ended = append(ended, id)
		}
	}
	return ended, nil
}

func (s *store) EndedSessions(ctx context.Context) ([]dialog.EndedSession, error) {
	end, err := s.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	var list []dialog.EndedSession
	for _, id := range slices.Sorted(maps.Keys(s.db.ended)) {
		list = append(list, s.db.ended[id])
	}
	return list, nil
}
