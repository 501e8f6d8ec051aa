package stackstatereceiver

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/otelcol-stackstate/otelcol-stackstate/internal/intake"
)

// retryAfter is how many seconds a client shall wait after a refusal that may pass.
const retryAfter = 5

// answer is what a request is answered with.
type answer struct {
	status int
	text   string // JSON when the status is 200
	header map[string]string
}

// request is a payload on its way in.
type request struct {
	body         []byte
	milliseconds bool // timestamps are in milliseconds
	arrived      time.Time
}

// handler answers the requests clients of the intake send. It knows HTTP; what to do with a payload is others' to decide.
type handler struct {
	cfg      *Config
	keys     []string
	features string
	accept   func(context.Context, request) answer
	report   *reporter
	now      func() time.Time
}

func newHandler(cfg *Config, accept func(context.Context, request) answer, report *reporter) (*handler, error) {
	features, err := json.Marshal(cfg.Features)
	if err != nil {
		return nil, fmt.Errorf("features: %w", err)
	}
	return &handler{cfg: cfg, keys: cfg.keys(), features: string(features), accept: accept, report: report, now: time.Now}, nil
}

// endpoint is what can be asked for under a path.
type endpoint struct {
	method string
	open   bool // no key is needed
	answer func(*handler, *http.Request) answer
}

var endpoints = map[string]endpoint{
	"/health":                   {http.MethodGet, true, func(*handler, *http.Request) answer { return ok(`{"status":"ok"}`) }},
	"/stsAgent/features":        {http.MethodGet, false, func(h *handler, _ *http.Request) answer { return ok(h.features) }},
	"/stsAgent/api/v1/validate": {http.MethodGet, false, func(*handler, *http.Request) answer { return ok(`{"valid":true}`) }},
	"/stsAgent/intake":          {http.MethodPost, false, (*handler).intake},
	"/stsAgent/intake/metrics":  {http.MethodPost, false, (*handler).intake},
	"/stsAgent/intake/metadata": {http.MethodPost, false, (*handler).intake},
}

// endpointOf finds an endpoint with or without the prefix a router puts before it, and whatever slashes there are too many.
func endpointOf(urlPath string) (endpoint, bool) {
	clean := path.Clean("/" + urlPath)
	if rest, prefixed := strings.CutPrefix(clean, "/receiver/"); prefixed {
		clean = "/" + rest
	}
	found, known := endpoints[clean]
	return found, known
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a := h.answer(r)
	h.report.answered(r.Context(), a.status)
	for name, value := range a.header {
		w.Header().Set(name, value)
	}
	contentType := "text/plain; charset=utf-8"
	if a.status == http.StatusOK {
		contentType = "application/json"
	}
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(a.status)
	_, _ = io.WriteString(w, a.text) // a client that is gone needs no answer
}

func (h *handler) answer(r *http.Request) answer {
	endpoint, known := endpointOf(r.URL.Path)
	if !known {
		return refuse(http.StatusNotFound, "No such path")
	}
	if r.Method != endpoint.method {
		return answer{http.StatusMethodNotAllowed, "Method not allowed", map[string]string{"Allow": endpoint.method}}
	}
	if !endpoint.open {
		if status, text := h.authenticate(r); status != http.StatusOK {
			return refuse(status, text)
		}
	}
	return endpoint.answer(h, r)
}

// authenticate demands a key, in whatever place, and that keys in several places agree.
func (h *handler) authenticate(r *http.Request) (status int, text string) {
	given := givenKeys(r)
	if len(given) == 0 {
		h.report.finding(r.Context(), "R2", intake.Reject)
		return http.StatusUnauthorized, "An API key is missing: send it as header sts-api-key or as query parameter api_key"
	}
	if slices.ContainsFunc(given, func(key string) bool { return key != given[0] }) {
		h.report.finding(r.Context(), "R2", intake.Reject)
		return http.StatusForbidden, "The API keys of header and query differ"
	}
	if len(h.keys) > 0 && !h.accepts(given[0]) {
		return http.StatusForbidden, "The API key is not valid"
	}
	return http.StatusOK, ""
}

// givenKeys are the keys in all the places clients use.
func givenKeys(r *http.Request) []string {
	candidates := slices.Concat(r.Header.Values("sts-api-key"), r.URL.Query()["api_key"])
	if key, ok := strings.CutPrefix(r.Header.Get("Authorization"), "ApiKey "); ok {
		candidates = append(candidates, key)
	}
	var keys []string
	for _, candidate := range candidates {
		if key := strings.TrimSpace(candidate); key != "" {
			keys = append(keys, key)
		}
	}
	return keys
}

// accepts takes the same time whichever key it is.
func (h *handler) accepts(given string) bool {
	accepted := 0
	for _, key := range h.keys {
		accepted |= subtle.ConstantTimeCompare([]byte(key), []byte(given))
	}
	return accepted == 1
}

func (h *handler) intake(r *http.Request) answer {
	if mediaType, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || mediaType != "application/json" {
		h.report.finding(r.Context(), "R4", intake.Warning)
	}
	body, err := readBody(r, h.cfg)
	if err != nil {
		return h.unreadable(r.Context(), err)
	}
	return h.accept(r.Context(), request{
		body:         body,
		milliseconds: strings.EqualFold(r.Header.Get("sts-time-format"), "ms"),
		arrived:      h.now(),
	})
}

func (h *handler) unreadable(ctx context.Context, err error) answer {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return refuse(http.StatusRequestEntityTooLarge, "The body is larger than "+strconv.FormatInt(tooLarge.Limit, 10)+" bytes")
	}
	h.report.finding(ctx, "R3", intake.Reject)
	if errors.Is(err, errEncoding) {
		return refuse(http.StatusUnsupportedMediaType, fmt.Sprintf("The content encoding must be one of %q", h.cfg.ServerConfig.CompressionAlgorithms))
	}
	return refuse(http.StatusBadRequest, "The body cannot be read: "+err.Error())
}

func ok(text string) answer { return answer{status: http.StatusOK, text: text} }

func refuse(status int, text string) answer { return answer{status: status, text: text} }

func retry() answer {
	const text = "The payload cannot be processed now; send it again"
	return answer{http.StatusServiceUnavailable, text, map[string]string{"Retry-After": strconv.Itoa(retryAfter)}}
}
