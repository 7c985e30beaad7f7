package quickblox

import (
	"slices"
	"strings"
)

// The header QB-Ignored names at most this many parameters, with this many
// characters of each.
const (
	ignoredNamed  = 20
	longestInName = 60
)

// header is the value of QB-Ignored; empty when nothing was ignored. Names come
// from the client: unusual characters are shown as question marks.
func (f *fate) header() string {
	var names []string
	for _, label := range f.ignored {
		name := strings.Map(inHeader, label)
		if len(name) > longestInName {
			name = name[:longestInName-3] + "..."
		}
		if slices.Contains(names, name) {
			continue
		}
		if len(names) == ignoredNamed {
			names = append(names, "...")
			break
		}
		names = append(names, name)
	}
	return strings.Join(names, ",")
}

func inHeader(r rune) rune {
	switch {
	case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', strings.ContainsRune("_-.[]$'", r):
		return r
	}
	return '?'
}
