package graph

import (
	"mime"
	"net/http"
	"strconv"
	"strings"
)

// isPlainJSON tells whether a body is JSON in UTF-8 and not compressed.
func isPlainJSON(h http.Header) bool {
	name, options, err := mime.ParseMediaType(h.Get("Content-Type"))
	return err == nil && name == typeJSON && isUTF8(options["charset"]) && isUnencoded(h)
}

// isUnencoded tells whether a body is as it is: identity is not an encoding.
func isUnencoded(h http.Header) bool {
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

// preflighted tells whether a browser would have asked the server before it
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

// acceptable tells whether the client can read an answer of GraphQL.
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

// negotiate picks the media type of the answer that the client prefers. A
// client without a preference gets application/json, as the specification
// wants for older clients. Beside that it offers one more type.
func negotiate(accept []string, offered string) (string, bool) {
	best, bestQuality := "", 0.0
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
		switch name {
		case "*/*", "application/*":
			name = typeJSON
		case typeJSON, typeResponse, offered:
		default:
			continue
		}
		if quality > bestQuality {
			best, bestQuality = name, quality
		}
	}
	if strings.TrimSpace(strings.Join(accept, "")) == "" {
		return typeJSON, true
	}
	return best, best != ""
}
