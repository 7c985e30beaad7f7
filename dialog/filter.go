package dialog

import (
	"context"
	"math"
	"slices"
	"time"
	"unicode/utf8"
)

// A FilterInput is a [Filter] as the caller sent it. A list that was not given
// is nil.
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
	if f.IDs, err = parseIDs("filter.ids", in.IDs, s.policy.Limits.IDsPerList); err != nil {
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
	if f.Occupants, err = parseUserIDs("filter.occupantIds", in.Occupants, s.policy.Limits.IDsPerList); err != nil {
		return f, err
	}
	if f.ExceptIDs, err = parseIDs("filter.exceptIds", in.ExceptIDs, s.policy.Limits.IDsPerList); err != nil {
		return f, err
	}
	if f.Names, err = parseNames("filter.names", in.Names, s.policy.Limits); err != nil {
		return f, err
	}
	if f.ExceptNames, err = parseNames("filter.exceptNames", in.ExceptNames, s.policy.Limits); err != nil {
		return f, err
	}
	if err := checkText("filter.nameContains", in.NameContains.Value); err != nil {
		return f, err
	}
	if n := utf8.RuneCountInString(in.NameContains.Value); n > s.policy.Limits.NameLength {
		return f, errTooLong("limit-name", "filter.nameContains", "the text to find", n, "characters", s.policy.Limits.NameLength)
	}
	f.UpdatedAfter, f.UpdatedBefore = afterBound(in.UpdatedAfter), beforeBound(in.UpdatedBefore)
	f.CreatedAfter, f.CreatedBefore = afterBound(in.CreatedAfter), beforeBound(in.CreatedBefore)
	if f.Custom, err = parseCustom(ctx, s.classes, "filter.customData", in.Custom); err != nil {
		return f, err
	}
	if n := len(f.Custom); n > s.policy.Limits.FieldsPerClass {
		return f, errTooMany("limit-fields", "filter.customData", "custom fields", n, s.policy.Limits.FieldsPerClass)
	}
	return f, nil
}

// parseNames checks each name and removes repetitions. An empty list is not nil.
// A name that no dialog can have is valid and matches nothing.
func parseNames(field string, names []string, limits Limits) ([]string, error) {
	if names == nil {
		return nil, nil
	}
	unique := []string{}
	for _, name := range names {
		if err := checkText(field, name); err != nil {
			return nil, err
		}
		if n := utf8.RuneCountInString(name); n > limits.NameLength {
			return nil, errTooLong("limit-name", field, "a name", n, "characters", limits.NameLength)
		}
		if slices.Contains(unique, name) {
			continue
		}
		if len(unique) == limits.IDsPerList {
			return nil, limitedBy("limit-ids", invalidf(field, "too many names in one list (limit %d)", limits.IDsPerList))
		}
		unique = append(unique, name)
	}
	return unique, nil
}

// parseIDs checks each id and removes repetitions. An empty list is not nil.
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
			return nil, limitedBy("limit-ids", invalidf(field, "too many ids in one list (limit %d)", most))
		}
		seen[id] = true
		ids = append(ids, id)
	}
	return ids, nil
}

// parseTypes checks each type and removes repetitions. An empty list is not nil.
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

// afterBound and beforeBound round to the milliseconds in which instants are
// stored, in the direction that excludes the same dialogs as the exact bound.
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
	if bound.IsZero() { // which would mean no bound; no dialog is that old
		return bound.Add(time.Millisecond)
	}
	return bound
}
