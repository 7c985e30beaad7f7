package dialog

import (
	"context"
	"math"
	"slices"
	"time"
	"unicode/utf8"
)

// A FilterInput is a [Filter] as a caller sent it. A nil list was not given.
type FilterInput struct {
	IDs, Names, ExceptIDs, ExceptNames                       []string
	Types                                                    []Type
	Owner                                                    Optional[UserID]
	Occupants                                                []UserID
	NameContains                                             Optional[string]
	UpdatedAfter, UpdatedBefore, CreatedAfter, CreatedBefore Optional[time.Time]
	Custom                                                   []CustomInput
}

func (s *Service) filter(ctx context.Context, in FilterInput) (Filter, error) {
	f := Filter{Owner: in.Owner.Value, NameContains: FoldName(in.NameContains.Value)}
	var err error
	if f.IDs, err = parseIDs("filter.ids", in.IDs, s.limits.IDsPerList); err != nil {
		return f, err
	}
	if f.Types, err = parseTypes("filter.types", in.Types); err != nil {
		return f, err
	}
	if in.Owner.Given {
		if _, err := ParseUserID("filter.ownerId", string(f.Owner)); err != nil {
			return f, err
		}
	}
	if f.Occupants, err = parseUserIDs("filter.occupantIds", in.Occupants, s.limits.IDsPerList); err != nil {
		return f, err
	}
	if f.ExceptIDs, err = parseIDs("filter.exceptIds", in.ExceptIDs, s.limits.IDsPerList); err != nil {
		return f, err
	}
	if f.Names, err = parseNames("filter.names", in.Names, s.limits); err != nil {
		return f, err
	}
	if f.ExceptNames, err = parseNames("filter.exceptNames", in.ExceptNames, s.limits); err != nil {
		return f, err
	}
	if err := checkText("filter.nameContains", in.NameContains.Value); err != nil {
		return f, err
	}
	if utf8.RuneCountInString(in.NameContains.Value) > s.limits.NameLength {
		return f, invalidf("filter.nameContains", "a name has at most %d characters", s.limits.NameLength)
	}
	f.UpdatedAfter, f.UpdatedBefore = afterBound(in.UpdatedAfter), beforeBound(in.UpdatedBefore)
	f.CreatedAfter, f.CreatedBefore = afterBound(in.CreatedAfter), beforeBound(in.CreatedBefore)
	if f.Custom, err = parseCustom(ctx, s.classes, "filter.customData", in.Custom); err != nil {
		return f, err
	}
	if len(f.Custom) > s.limits.FieldsPerClass {
		return f, invalidf("filter.customData", "a filter asks for at most %d custom fields", s.limits.FieldsPerClass)
	}
	return f, nil
}

// parseNames checks each name, drops repetitions, and keeps an empty list
// apart from none. A name that no dialog can have matches none, and is fine.
func parseNames(field string, names []string, limits Limits) ([]string, error) {
	if names == nil {
		return nil, nil
	}
	unique := []string{}
	for _, name := range names {
		if err := checkText(field, name); err != nil {
			return nil, err
		}
		if utf8.RuneCountInString(name) > limits.NameLength {
			return nil, invalidf(field, "a name has at most %d characters", limits.NameLength)
		}
		if slices.Contains(unique, name) {
			continue
		}
		if len(unique) == limits.IDsPerList {
			return nil, invalidf(field, "at most %d names in one list", limits.IDsPerList)
		}
		unique = append(unique, name)
	}
	return unique, nil
}

// parseIDs checks each id, drops repetitions, and keeps an empty list apart
// from none.
func parseIDs(field string, texts []string, most int) ([]ID, error) {
	if texts == nil {
		return nil, nil
	}
	ids := make([]ID, 0, min(len(texts), most))
	seen := map[ID]bool{}
	for _, text := range texts {
		id, err := ParseID(field, text)
		if err != nil {
			return nil, err
		}
		if seen[id] {
			continue
		}
		if len(ids) == most {
			return nil, invalidf(field, "at most %d ids in one list", most)
		}
		seen[id] = true
		ids = append(ids, id)
	}
	return ids, nil
}

// parseTypes checks each type, drops repetitions, and keeps an empty list
// apart from none.
func parseTypes(field string, given []Type) ([]Type, error) {
	if given == nil {
		return nil, nil
	}
	types := []Type{}
	for _, t := range given {
		if t < PublicGroup || t > Private {
			return nil, errUnknownType(field)
		}
		if !slices.Contains(types, t) {
			types = append(types, t)
		}
	}
	return types, nil
}

// afterBound and beforeBound round to the milliseconds that instants are kept
// in, so that comparing with the bound leaves out what the caller's leaves out.
func afterBound(t Optional[time.Time]) time.Time {
	if !t.Given {
		return time.Time{}
	}
	return time.UnixMilli(t.Value.UnixMilli()).UTC()
}

func beforeBound(t Optional[time.Time]) time.Time {
	if !t.Given {
		return time.Time{}
	}
	ms := t.Value.UnixMilli()
	if t.Value.Nanosecond()%int(time.Millisecond) > 0 && ms < math.MaxInt64 {
		ms++
	}
	bound := time.UnixMilli(ms).UTC()
	if bound.IsZero() { // which would mean no bound; no dialog is as old
		return bound.Add(time.Millisecond)
	}
	return bound
}
