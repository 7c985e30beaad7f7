package auth

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"dialogs/dialog"
)

// maxCredentialBytes limits what is decoded before the caller is known.
const maxCredentialBytes = 16 << 10

// Credentials are the credentials of a request, well-formed but not verified: a
// token, or an API key with or without a user, or nothing.
type Credentials struct {
	// Token is a session token.
	Token string
	// APIKey is the text of an API key.
	APIKey string
	// OnBehalfOf is the user that the API key acts for; empty for none.
	OnBehalfOf dialog.UserID
}

// String returns the kind of credential, never the credential.
func (c Credentials) String() string {
	switch {
	case c.Token != "":
		return "session token"
	case c.APIKey != "" && c.OnBehalfOf != "":
		return "API key on behalf of a user"
	case c.APIKey != "":
		return "API key"
	}
	return "none"
}

// LogValue keeps credentials out of every log.
func (c Credentials) LogValue() slog.Value { return slog.StringValue(c.String()) }

// ParseHeader reads the credentials of an HTTP request. Its errors are [Error]
// values with status 400.
func ParseHeader(h http.Header) (Credentials, error) {
	var g given
	g.addHeader(h)
	return g.credentials()
}

// ParseConnectionInit reads the credentials of a WebSocket connection. They are in
// the payload of connection_init or in the upgrade request, under the same
// names, and one credential in all. Its errors are [Error] values with status
// 400.
func ParseConnectionInit(upgrade http.Header, payload map[string]any) (Credentials, error) {
	var g given
	g.addHeader(upgrade)
	for name, value := range payload {
		list, documented := g.list(name)
		if list == nil {
			continue
		}
		text, ok := value.(string)
		if !ok { // null too: only a missing credential is anonymous
			return Credentials{}, malformed(documented + " must be a string in the payload of connection_init")
		}
		*list = append(*list, text)
	}
	return g.credentials()
}

// given is everything that was given under each of the names.
type given struct{ token, authorization, onBehalfOf []string }

// list returns where values of this name, in any case, belong, and the documented
// form of the name; nil for other names.
func (g *given) list(name string) (list *[]string, documented string) {
	switch http.CanonicalHeaderKey(name) {
	case "Qb-Token":
		return &g.token, "QB-Token"
	case "Authorization":
		return &g.authorization, "Authorization"
	case "On-Behalf-Of":
		return &g.onBehalfOf, "On-Behalf-Of"
	}
	return nil, ""
}

func (g *given) addHeader(h http.Header) {
	for name, values := range h {
		switch len(name) {
		case len("QB-Token"), len("Authorization"), len("On-Behalf-Of"):
		default: // most headers
			continue
		}
		if list, _ := g.list(name); list != nil {
			*list = append(*list, values...)
		}
	}
}

func (g *given) credentials() (Credentials, error) {
	switch {
	case len(g.token) > 1:
		return Credentials{}, malformed("QB-Token is sent more than once")
	case len(g.authorization) > 1:
		return Credentials{}, malformed("Authorization is sent more than once")
	case len(g.onBehalfOf) > 1:
		return Credentials{}, malformed("On-Behalf-Of is sent more than once")
	case len(g.token)+len(g.authorization) > 1:
		return Credentials{}, malformed("QB-Token and Authorization cannot be combined: send one of them")
	}
	var c Credentials
	var err error
	switch {
	case len(g.token) == 1:
		c.Token = g.token[0]
		err = checkCredential("QB-Token", c.Token)
	case len(g.authorization) == 1:
		c, err = parseAuthorization(g.authorization[0])
	}
	if err != nil {
		return Credentials{}, err
	}
	if len(g.onBehalfOf) == 1 {
		if c.APIKey == "" {
			return Credentials{}, malformed("On-Behalf-Of can only be used with an API key")
		}
		if c.OnBehalfOf, err = parseOnBehalfOf(g.onBehalfOf[0]); err != nil {
			return Credentials{}, err
		}
	}
	return c, nil
}

// parseAuthorization reads "scheme credential". Its error must not quote the
// scheme: if the client forgets it, the credential is in its place.
func parseAuthorization(value string) (Credentials, error) {
	scheme, rest, _ := strings.Cut(value, " ")
	rest = strings.TrimLeft(rest, " ") // HTTP allows several
	switch {
	case isScheme(scheme, "Bearer"):
		return Credentials{Token: rest}, checkCredential("Authorization: Bearer", rest)
	case isScheme(scheme, "ApiKey"):
		return Credentials{APIKey: rest}, checkCredential("Authorization: ApiKey", rest)
	}
	return Credentials{}, malformed("invalid Authorization: use Bearer with a session token, or ApiKey with an API key")
}

// isScheme compares in any case. It compares the lengths because EqualFold alone
// also accepts letters beyond ASCII: the Kelvin sign for K.
func isScheme(got, want string) bool {
	return len(got) == len(want) && strings.EqualFold(got, want)
}

// checkCredential requires what HTTP calls token68, so that two credentials that a
// proxy joined with a comma are never taken for one.
func checkCredential(where, s string) error {
	switch {
	case s == "":
		return malformed(where + " is empty")
	case len(s) > maxCredentialBytes:
		return malformed(fmt.Sprintf("%s is too long: %d bytes (limit %d)", where, len(s), maxCredentialBytes))
	case !isToken68(s):
		return malformed(where + " contains characters that are not allowed")
	}
	return nil
}

func isToken68(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case c == '-', c == '.', c == '_', c == '~', c == '+', c == '/', c == '=':
		default:
			return false
		}
	}
	return true
}

// parseOnBehalfOf reads a user id in one of two forms: unchanged in UTF-8, where a
// percent sign has no meaning, or as an ext-value of RFC 8187, for clients that
// can only send headers in ASCII.
//
// An unencoded comma is rejected, because proxies join two headers with one. An
// id with a comma needs the second form.
func parseOnBehalfOf(value string) (dialog.UserID, error) {
	encoded, isEncoded := extValue(value)
	switch {
	case isEncoded:
		decoded, err := url.PathUnescape(encoded)
		if err != nil || strings.ContainsFunc(encoded, notInExtValue) {
			return "", malformed("On-Behalf-Of: invalid ext-value (RFC 8187): percent-encode the id, for example UTF-8''Jos%C3%A9")
		}
		value = decoded
	case strings.Contains(value, ","):
		return "", malformed("On-Behalf-Of must be one user id; send an id that contains a comma as UTF-8''a%2Cb")
	}
	user, err := dialog.ParseUserID("", value)
	var invalid *dialog.Error
	if errors.As(err, &invalid) {
		help := ""
		if !isEncoded && !utf8.ValidString(value) { // of a client whose headers are in Latin-1
			help = "; send it in ASCII, for example UTF-8''Jos%C3%A9"
		}
		return "", malformed("On-Behalf-Of: " + invalid.Message + help)
	}
	return user, err
}

// extValue returns the percent-encoded part of an ext-value of RFC 8187. It is not
// ok for a value without a charset. The language between the quotes is ignored.
func extValue(value string) (encoded string, ok bool) {
	charset, rest, ok := strings.Cut(value, "'")
	if !ok || !strings.EqualFold(charset, "UTF-8") {
		return "", false
	}
	_, encoded, ok = strings.Cut(rest, "'")
	return encoded, ok
}

// notInExtValue reports whether an ext-value must percent-encode the character.
// The last four are those that JavaScript's encodeURIComponent leaves as they
// are, although RFC 8187 doesn't: they have no other meaning here.
func notInExtValue(r rune) bool {
	switch {
	case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9':
		return false
	}
	return !strings.ContainsRune("%!#$&+-.^_`|~*'()", r)
}
