package cli

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
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
	scheme, host := strings.ToLower(u.Scheme), strings.ToLower(u.Hostname())
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if port := u.Port(); port != "" && port != defaultPorts[scheme] {
		host += ":" + port
	}
	return scheme + "://" + host
}

// defaultPorts are those that browsers leave out of an origin.
var defaultPorts = map[string]string{"http": "80", "https": "443"}
