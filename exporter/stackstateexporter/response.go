package stackstateexporter

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"

	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
)

const (
	maxAnswerRead = 4 << 10  // bytes of an answer that are looked at
	maxAnswerText = 256      // bytes of an answer that are repeated in an error
	maxDrain      = 64 << 10 // bytes read of an answer to be able to use its connection again

	// maxRetryAfter bounds the pause a server can ask for, lest a mistaken header stops everything for days.
	maxRetryAfter = 10 * time.Minute
)

// classify is the whole policy for answers: nil, retryable, retryable after a pause, or permanent. An answer is
// permanent if the same request can only be refused again; what a changed key, a restarted server or a repaired
// network can cure is retried for as long as it takes. cause describes the answer.
func classify(status int, pause time.Duration, cause error) error {
	switch {
	case status >= 200 && status < 300:
		return nil
	case status >= 500, // the server's trouble, not the payload's
		status == http.StatusUnauthorized,      // the key may be about to be rotated or enabled
		status == http.StatusForbidden,         // so here; it is the intake's answer to a wrong key
		status == http.StatusProxyAuthRequired, // the proxy's business, not the payload's
		status == http.StatusNotFound,          // routers answer this while the intake is being deployed
		status == http.StatusRequestTimeout,
		status == http.StatusTooManyRequests:
		if pause > 0 {
			return exporterhelper.NewThrottleRetry(cause, pause)
		}
		return cause
	default:
		// Redirects: something else than the intake lives at the endpoint, and following them loses the body.
		// 400, 413, 415, 422: the payload is refused. 405 and the rest: whoever answers will not take it either.
		return consumererror.NewPermanent(cause)
	}
}

// retryAfter reads the header of that name, in seconds or as a date; zero if there is none.
func retryAfter(header http.Header, now time.Time) time.Duration {
	value := header.Get("Retry-After")
	pause := time.Duration(0)
	if seconds, err := strconv.ParseUint(value, 10, 32); err == nil {
		pause = time.Duration(seconds) * time.Second
	} else if at, err := http.ParseTime(value); err == nil {
		pause = at.Sub(now)
	}
	return min(max(pause, 0), maxRetryAfter)
}

// describe puts an answer into words, the server's own included.
func describe(response *http.Response, redact redactor) error {
	text := fmt.Sprintf("intake answered %d %s", response.StatusCode, http.StatusText(response.StatusCode))
	switch code := response.StatusCode; {
	case code >= 300 && code < 400:
		text += redirectHint(response.Header.Get("Location"))
	case code == http.StatusUnauthorized || code == http.StatusForbidden:
		text += " (check api_key)"
	case code == http.StatusNotFound || code == http.StatusMethodNotAllowed:
		text += " (check the path of endpoint)"
	}
	body, _ := io.ReadAll(io.LimitReader(response.Body, maxAnswerRead)) // half an answer is better than none
	if answer := printable(redact.text(string(body))); answer != "" {
		text += ": " + answer
	}
	return errors.New(redact.text(text))
}

// redirectHint names where a redirect leads, without its query: it may repeat the key.
func redirectHint(location string) string {
	target, err := url.Parse(location)
	if err != nil || location == "" {
		return " (endpoint must be where the intake itself is)"
	}
	target = &url.URL{Scheme: target.Scheme, Host: target.Host, Path: target.Path}
	return fmt.Sprintf(" to %s (endpoint must be where the intake itself is)", target)
}

// printable is a text as one line of bounded length.
func printable(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, ""))
	text = strings.Join(strings.Fields(text), " ")
	if len(text) > maxAnswerText {
		text = strings.ToValidUTF8(text[:maxAnswerText], "") + "…"
	}
	return text
}

// drain reads the rest of an answer, if it is small, and closes it.
func drain(response *http.Response) {
	_, _ = io.CopyN(io.Discard, response.Body, maxDrain)
	_ = response.Body.Close()
}

// redactor keeps the API key out of texts.
type redactor struct {
	replacer *strings.Replacer
}

func newRedactor(key string) redactor {
	const mark = "[REDACTED]"
	return redactor{strings.NewReplacer(key, mark, url.QueryEscape(key), mark, url.PathEscape(key), mark)}
}

func (r redactor) text(s string) string { return r.replacer.Replace(s) }

// error returns the error as it is, or its redacted text if it names the key.
func (r redactor) error(err error) error {
	if text := err.Error(); r.text(text) != text {
		return errors.New(r.text(text))
	}
	return err
}
