package graph

import (
	"mime"
	"net/http"
	"strconv"
	"strings"
)

// isPlainJSON reports whether a body is JSON in UTF-8 and not compressed.
func isPlainJSON(h http.Header) bool {
	given := h.Get("Content-Type")
	if given == typeJSON { // as almost everybody writes it
		return isUnencoded(h)
	}
	name, options, err := mime.ParseMediaType(given)
	return err == nil && name == typeJSON && isUTF8(options["charset"]) && isUnencoded(h)
}

// isUnencoded reports whether a body is not compressed: identity is not an
// encoding.
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

// preflighted reports whether a browser would have asked the server before it
// sent the request for a page of another origin.
func preflighted(h http.Header) bool {
	for _, name := range []string{"QB-Token", "Authorization", "GraphQL-Require-Preflight", "Apollo-Require-Preflight", "X-Apollo-Operation-Name"} {
		if h.Get(name) != "" {
			return true
		}
	}
	name, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	return err == nil && name == typeJSON
}

// acceptable reports whether the client accepts GraphQL's answers.
func acceptable(r *http.Request) bool {
	_, ok := negotiate(r.Header.Values("Accept"), typeEvents)
	return ok
}

// mediaType is that of the answer to a request.
func mediaType(r *http.Request) string {
	if name, ok := negotiate(r.Header.Values("Accept"), typeResponse); ok {
		return name
	}
	return typeJSON
}

// negotiate picks the media type of the answer that the client prefers: JSON,
// GraphQL's own, or the one that is offered beside them, which a client has to
// name. Between equals, it picks what the client named first. A client without
// a preference gets application/json, as the specification wants for older
// clients.
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

// mediaRanges reads Accept headers. What can't be read, or asks for another
// encoding than UTF-8, is left out.
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

// judge tells how welcome a media type is, and its place in the header: behind
// all others if only a wildcard stands for it. What names the type more exactly
// decides.
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
