package auth

import (
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"

	"dialogs/dialog"
)

// maxCredentialBytes bounds what is decoded for somebody who is not known yet.
const maxCredentialBytes = 16 << 10

// Credentials are what a request brought, well-formed but not verified: a
// token, or an API key with or without a user, or nothing.
type Credentials struct {
	// Token is a session token.
	Token string
	// APIKey is the text of an API key.
	APIKey string
	// OnBehalfOf is the user whom the API key acts for, empty for none.
	OnBehalfOf dialog.UserID
}

// String names the kind of credential and keeps the credential to itself.
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
// values of status 400.
func ParseHeader(h http.Header) (Credentials, error) {
	var g given
	g.addHeader(h)
	return g.credentials()
}

// ParseConnectionInit reads the credentials of a WebSocket connection, which
// come in the payload of connection_init or with the request that was upgraded:
// the same names, and one credential in all. Its errors are [Error] values of
// status 400.
func ParseConnectionInit(upgrade http.Header, payload map[string]any) (Credentials, error) {
	var g given
	g.addHeader(upgrade)
	for name, value := range payload {
		list, documented := g.list(name)
		if list == nil {
			continue
		}
		text, ok := value.(string)
		if !ok { // null too: what is there but no credential must not pass as anonymous
			return Credentials{}, malformed(documented + " must be a string in the payload of connection_init")
		}
		*list = append(*list, text)
	}
	return g.credentials()
}

// given is everything that came under one of the names.
type given struct{ token, authorization, onBehalfOf []string }

// list is where values of this name, in any case, belong, and how the name is
// documented; nil for other names.
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
		if list, _ := g.list(name); list != nil {
			*list = append(*list, values...)
		}
	}
}

func (g *given) credentials() (Credentials, error) {
	switch {
	case len(g.token) > 1:
		return Credentials{}, malformed("QB-Token is given more than once")
	case len(g.authorization) > 1:
		return Credentials{}, malformed("Authorization is given more than once")
	case len(g.onBehalfOf) > 1:
		return Credentials{}, malformed("On-Behalf-Of is given more than once")
	case len(g.token)+len(g.authorization) > 1:
		return Credentials{}, malformed("QB-Token and Authorization are two credentials; give one")
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
			return Credentials{}, malformed("On-Behalf-Of goes with an API key alone")
		}
		if c.OnBehalfOf, err = parseOnBehalfOf(g.onBehalfOf[0]); err != nil {
			return Credentials{}, err
		}
	}
	return c, nil
}

// parseAuthorization reads "scheme credential". Its error must not quote the
// scheme: whoever forgets it has the credential in its place.
func parseAuthorization(value string) (Credentials, error) {
	scheme, rest, _ := strings.Cut(value, " ")
	rest = strings.TrimLeft(rest, " ") // HTTP allows several
	switch {
	case isScheme(scheme, "Bearer"):
		return Credentials{Token: rest}, checkCredential("Authorization: Bearer", rest)
	case isScheme(scheme, "ApiKey"):
		return Credentials{APIKey: rest}, checkCredential("Authorization: ApiKey", rest)
	}
	return Credentials{}, malformed(`Authorization takes "Bearer" with a session token, or "ApiKey" with an API key`)
}

// isScheme compares in any case. The lengths are compared because EqualFold
// alone would also take letters beyond ASCII, such as the Kelvin sign for K.
func isScheme(got, want string) bool {
	return len(got) == len(want) && strings.EqualFold(got, want)
}

// checkCredential wants what HTTP calls token68, so that two credentials that
// a proxy joined with a comma are never taken for one.
func checkCredential(where, s string) error {
	switch {
	case s == "":
		return malformed(where + " has no credential")
	case len(s) > maxCredentialBytes:
		return malformed(where + " has more than 16,384 bytes")
	case strings.ContainsFunc(s, notToken68):
		return malformed(where + " has characters that no credential has")
	}
	return nil
}

func notToken68(r rune) bool {
	switch {
	case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9':
		return false
	}
	return !strings.ContainsRune("-._~+/=", r)
}

// parseOnBehalfOf reads a user id in one of two forms: as it is, in UTF-8, or
// as the ext-value of RFC 8187 (UTF-8”Jos%C3%A9) for clients that can't send
// other headers than ASCII. Percent signs mean nothing in the first form.
//
// A plain comma is refused: proxies join two headers with one. An id that has a
// comma is sent in the second form.
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
		return "", malformed("On-Behalf-Of names more than one user; send an id that has a comma as UTF-8''a%2Cb")
	}
	user, err := dialog.ParseUserID("", value)
	var invalid *dialog.Error
	if errors.As(err, &invalid) {
		return "", malformed("On-Behalf-Of: " + invalid.Message)
	}
	return user, err
}

// extValue is the part of an ext-value of RFC 8187 that is percent-encoded; not
// ok for a value without a charset. The language between the quotes is ignored.
func extValue(value string) (encoded string, ok bool) {
	charset, rest, ok := strings.Cut(value, "'")
	if !ok || !strings.EqualFold(charset, "UTF-8") {
		return "", false
	}
	_, encoded, ok = strings.Cut(rest, "'")
	return encoded, ok
}

// notInExtValue tells the characters that an ext-value must percent-encode.
func notInExtValue(r rune) bool {
	switch {
	case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9':
		return false
	}
	return !strings.ContainsRune("%!#$&+-.^_`|~", r)
}
