package dialog

import "slices"

// Without returns the elements of list that are not in other, in order; nil
// when there are none.
func Without[T comparable](list, other []T) []T {
	if len(other) == 0 && len(list) > 0 {
		return list
	}
	return filtered(list, other, false)
}

// Common returns the elements of list that are also in other, in the order of
// list; nil when there are none.
func Common[T comparable](list, other []T) []T { return filtered(list, other, true) }

// filtered returns the elements of list that other has, or does not have.
func filtered[T comparable](list, other []T, has bool) []T {
	in := func(v T) bool { return slices.Contains(other, v) }
	if len(list)*len(other) > 1000 { // where a set is faster
		set := make(map[T]bool, len(other))
		for _, v := range other {
			set[v] = true
		}
		in = func(v T) bool { return set[v] }
	}
	var those []T
	for _, v := range list {
		if in(v) == has {
			those = append(those, v)
		}
	}
	return those
}
