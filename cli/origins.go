package cli

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/http/httpguts"
	"golang.org/x/net/idna"
)

// checkOrigins requires each origin exactly as a browser sends it: scheme, host
// in lower case, and the port unless it is the scheme's own.
func checkOrigins(origins []string) error {
	var errs []error
	for _, origin := range origins {
		if want := exactOrigin(origin); want != origin {
			message := "must be a scheme and a host as browsers send them, for example https://app.example.com"
			if want != "" {
				message = fmt.Sprintf("write %s, as browsers send it", want)
			}
			errs = append(errs, fmt.Errorf("%s %q: %s", named("allow-origins"), shown(origin), message))
		}
	}
	return errors.Join(errs...)
}

// exactOrigin is how a browser writes the origin; empty when it is not one,
// such as a wildcard.
func exactOrigin(origin string) string {
	u, err := url.Parse(strings.TrimSpace(origin))
	if err != nil || u.Host == "" || strings.Contains(u.Host, "*") || u.User != nil || u.Opaque != "" {
		return ""
	}
	scheme, host := strings.ToLower(u.Scheme), exactHost(u.Hostname())
	if host == "" {
		return ""
	}
	port, ok := exactPort(u.Port(), scheme)
	if !ok {
		return ""
	}
	return scheme + "://" + host + port
}

// exactHost is how a browser writes a host: IP addresses in their shortest form,
// names in lower case and ASCII. Empty when it is neither.
func exactHost(host string) string {
	if ip, err := netip.ParseAddr(host); err == nil && ip.Zone() == "" {
		if ip.Is6() {
			return "[" + ip.String() + "]"
		}
		return ip.String()
	}
	name, err := hostNames().ToASCII(host)
	labels := strings.Split(strings.TrimSuffix(name, "."), ".")
	if err != nil || slices.Contains(labels, "") || strings.ContainsFunc(name, notInHost) {
		return ""
	}
	if _, err := strconv.ParseUint(labels[len(labels)-1], 0, 64); err == nil {
		return "" // browsers take it for an IP address
	}
	return name
}

// hostNames converts names as browsers do.
func hostNames() *idna.Profile {
	return idna.New(idna.MapForLookup(), idna.Transitional(false), idna.StrictDomainName(false))
}

func notInHost(r rune) bool {
	return (r < 'a' || r > 'z') && (r < '0' || r > '9') && !strings.ContainsRune("-._", r)
}

// exactPort is the port with its colon; empty for the scheme's own.
func exactPort(port, scheme string) (text string, ok bool) {
	if port == "" {
		return "", true
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 {
		return "", false
	}
	port = strconv.FormatUint(n, 10)
	if port == defaultPorts[scheme] {
		return "", true
	}
	return ":" + port, true
}

// checkHeaders wants names of HTTP headers.
func checkHeaders(names []string) error {
	var errs []error
	for _, name := range names {
		if !httpguts.ValidHeaderFieldName(name) {
			errs = append(errs, fmt.Errorf("%s %q: must be names of headers separated by commas, for example x-tenant", named("allow-headers"), shown(name)))
		}
	}
	return errors.Join(errs...)
}

// defaultPorts are those that browsers leave out of an origin.
var defaultPorts = map[string]string{"http": "80", "https": "443"}
