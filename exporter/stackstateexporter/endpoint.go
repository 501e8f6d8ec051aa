package stackstateexporter

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// The path of the receiver, below whatever a router puts in front of it, and that of the intake below the receiver.
const (
	receiverPath = "stsAgent"
	intakePath   = "intake"
)

// parseEndpoint returns the URL to post to for what a user configured as endpoint: the base URL of the receiver with or
// without its path /stsAgent, or the URL of the intake itself; slashes more or less do not matter. Errors do not repeat
// the endpoint, as it may hold a password or a key.
func parseEndpoint(endpoint string) (*url.URL, error) {
	if strings.TrimSpace(endpoint) == "" {
		return nil, errors.New("endpoint must be set to the base URL of the receiver, such as https://stackstate.example.com/stsAgent")
	}
	base, err := url.Parse(strings.TrimSpace(endpoint))
	if err != nil {
		return nil, errors.New("endpoint must be a URL, such as https://stackstate.example.com/stsAgent")
	}
	switch {
	case base.Scheme != "http" && base.Scheme != "https":
		return nil, fmt.Errorf("endpoint must start with http:// or https://, got scheme %q", base.Scheme)
	case base.Hostname() == "":
		return nil, errors.New("endpoint must name a host")
	case base.User != nil:
		return nil, errors.New("endpoint must not contain a user or password")
	case base.RawQuery != "" || base.ForceQuery:
		return nil, errors.New("endpoint must not contain a query; the key belongs into api_key")
	case base.Fragment != "":
		return nil, errors.New("endpoint must not contain a fragment")
	}
	return (&url.URL{Scheme: base.Scheme, Host: base.Host}).JoinPath(intakeSegments(base.EscapedPath())...), nil
}

// intakeSegments completes a path to that of the intake.
func intakeSegments(path string) []string {
	segments := strings.FieldsFunc(path, func(r rune) bool { return r == '/' })
	if n := len(segments); n >= 2 && segments[n-1] == intakePath && segments[n-2] == receiverPath {
		segments = segments[:n-1]
	}
	if n := len(segments); n == 0 || segments[n-1] != receiverPath {
		segments = append(segments, receiverPath)
	}
	return append(segments, intakePath)
}
