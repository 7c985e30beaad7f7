package cli

import "strings"

// A place is a URL without what can be secret: who signs in, the query and the fragment.
type place struct {
	scheme, where string
	user, query   bool // it had one
}

// placeOf reads a URL as it was typed, which can have several hosts and be invalid: then
// rather too much is hidden. It reports false for a text that is not a URL.
func placeOf(text string) (place, bool) {
	scheme, rest, found := strings.Cut(text, "://")
	if !found {
		return place{}, false
	}
	p := place{scheme: scheme}
	secret := ""
	if i := strings.IndexAny(rest, "?#"); i >= 0 {
		rest, secret, p.query = rest[:i], rest[i:], true
	}
	i := strings.LastIndexByte(rest, '@')
	p.user, p.where = i >= 0, rest[i+1:]
	if strings.Contains(secret, "@") { // most likely the end of the rest is a part of a password
		p.where = hiddenText
	}
	return p, true
}

// hiddenText stands for a secret.
const hiddenText = "(hidden)"

// withoutSecrets is a typed text as the program may show it: a URL without what can be
// secret, and any other text as it is.
func withoutSecrets(text string) string {
	p, ok := placeOf(text)
	if !ok {
		return text
	}
	text = p.scheme + "://"
	if p.user {
		text += hiddenText + "@"
	}
	text += p.where
	if p.query {
		text += "?" + hiddenText
	}
	return text
}
