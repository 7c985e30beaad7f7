package graph

import (
	"mime"
	"net/http"
	"strconv"
	"strings"
)

// isPlainJSON reports whether a body is uncompressed JSON in UTF-8.
func isPlainJSON(h http.Header) bool {
	given := h.Get("Content-Type")
	if given == typeJSON { // the most common form
		return isUnencoded(h)
	}
	name, options, err := mime.ParseMediaType(given)
	return err == nil && name == typeJSON && isUTF8(options["charset"]) && isUnencoded(h)
}

// isUnencoded reports whether a body is not compressed. The encoding identity means that
// it is not.
func isUnencoded(h http.Header) bool {
	if len(h.Values("Content-Encoding")) == 0 {
		return true
	}
	for _, encoding := range strings.Split(strings.Join(h.Values("Content-Encoding"), ","), ",") {
		if encoding = strings.TrimSpace(encoding); encoding != "" && !strings.EqualFold(encoding, "identity") {
			return false
		}
	}
	return true
}

func isUTF8(charset string) bool {
	return charset == "" || strings.EqualFold(charset, "utf-8") || strings.EqualFold(charset, "utf8")
}

// preflighted reports whether a browser would have sent a preflight request before it sent
// this one for a page of another origin.
func preflighted(h http.Header) bool {
	for _, name := range []string{"QB-Token", "Authorization", "GraphQL-Require-Preflight", "Apollo-Require-Preflight", "X-Apollo-Operation-Name"} {
		if h.Get(name) != "" {
			return true
		}
	}
	name, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	return err == nil && name == typeJSON
}

// acceptable reports whether the client accepts a media type in which GraphQL answers.
func acceptable(r *http.Request) bool {
	_, ok := negotiate(r.Header.Values("Accept"), typeEvents)
	return ok
}

// mediaType returns the media type of the answer to a request.
func mediaType(r *http.Request) string {
	if name, ok := negotiate(r.Header.Values("Accept"), typeResponse); ok {
		return name
	}
	return typeJSON
}

// negotiate returns the media type that the client prefers: JSON, the one of GraphQL, or
// the offered one, which only counts if the client names it. If several have the same
// quality, it returns the one that the client names first. A client without a preference
// gets application/json, as the specification requires for older clients.
func negotiate(accept []string, offered string) (string, bool) {
	if strings.TrimSpace(strings.Join(accept, "")) == "" {
		return typeJSON, true
	}
	ranges := mediaRanges(accept)
	best, bestQuality, bestPlace := "", 0.0, 0
	for _, name := range []string{typeJSON, typeResponse, offered} {
		quality, place := ranges.judge(name, name != typeEvents)
		if quality > bestQuality || quality == bestQuality && quality > 0 && place < bestPlace {
			best, bestQuality, bestPlace = name, quality, place
		}
	}
	return best, best != ""
}

// A mediaRange is one element of an Accept header.
type mediaRange struct {
	name    string
	quality float64
}

type ranges []mediaRange

// mediaRanges parses Accept headers. It ignores elements that are malformed or ask for a
// charset other than UTF-8.
func mediaRanges(accept []string) ranges {
	var all ranges
	for _, part := range strings.Split(strings.Join(accept, ","), ",") {
		name, options, err := mime.ParseMediaType(part)
		if err != nil || !isUTF8(options["charset"]) {
			continue
		}
		quality := 1.0
		if text, ok := options["q"]; ok {
			if quality, err = strconv.ParseFloat(text, 64); err != nil {
				continue
			}
		}
		all = append(all, mediaRange{name, quality})
	}
	return all
}

// judge returns the quality of a media type, and its position in the header, which is
// after all others if only a wildcard matches. The most exact match decides.
func (all ranges) judge(name string, wildcards bool) (quality float64, place int) {
	for _, wanted := range []string{name, "application/*", "*/*"} {
		for i, r := range all {
			switch {
			case r.name != wanted:
			case wanted == name:
				return r.quality, i
			case wildcards:
				return r.quality, len(all)
			}
		}
	}
	return 0, 0
}
