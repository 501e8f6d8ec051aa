// Package api is as much of a Kubernetes client as starting a cluster needs: it must compile in a
// second, which the real one does not.
package api

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

const (
	// requestTimeout bounds one request; the caller's context bounds all of them.
	requestTimeout = 10 * time.Second
	// maxBody is more than any answer has: a list of 5,000 nodes takes some 10 MB.
	maxBody = 64 << 20
)

// Client speaks to the programs of one control plane.
type Client struct {
	server string
	http   *http.Client
}

// StatusError is an answer other than 2xx.
type StatusError struct {
	Code    int
	Message string
}

func (e *StatusError) Error() string {
	return fmt.Sprintf("status %d: %s", e.Code, e.Message)
}

// IsStatus reports whether an error is the answer with the given code.
func IsStatus(err error, code int) bool {
	var status *StatusError
	return errors.As(err, &status) && status.Code == code
}

// New returns a client for the server, like https://127.0.0.1:6443, that trusts the authority and
// shows the certificate; all are PEM.
func New(server string, authority, cert, key []byte) (*Client, error) {
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return nil, fmt.Errorf("client certificate: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(authority) {
		return nil, errors.New("authority is no PEM certificate")
	}
	transport := &http.Transport{
		// No proxy: everything is on this host.
		TLSClientConfig:     &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12},
		ForceAttemptHTTP2:   true,
		MaxIdleConnsPerHost: nodeWorkers,
	}
	return &Client{server: server, http: &http.Client{Transport: transport, Timeout: requestTimeout}}, nil
}

// Close drops the connections.
func (c *Client) Close() {
	c.http.CloseIdleConnections()
}

// Probe succeeds if a GET of the URL, which may be on any port, is answered with 2xx.
func (c *Client) Probe(ctx context.Context, address string) error {
	_, err := c.send(ctx, http.MethodGet, address, nil)
	return err
}

// Get decodes the answer for a path, with query if need be, into result, if there is one.
func (c *Client) Get(ctx context.Context, path string, result any) error {
	body, err := c.send(ctx, http.MethodGet, c.server+path, nil)
	if err != nil || result == nil {
		return err
	}
	if err := json.Unmarshal(body, result); err != nil {
		return fmt.Errorf("answer of %s: %w", path, err)
	}
	return nil
}

// Create posts an object.
func (c *Client) Create(ctx context.Context, path string, object any) error {
	body, err := json.Marshal(object)
	if err != nil {
		return fmt.Errorf("encode object for %s: %w", path, err)
	}
	_, err = c.send(ctx, http.MethodPost, c.server+path, body)
	return err
}

// DeleteNow deletes without a grace period. What is gone already is no error.
func (c *Client) DeleteNow(ctx context.Context, path string) error {
	query := url.Values{"gracePeriodSeconds": {"0"}}
	_, err := c.send(ctx, http.MethodDelete, c.server+path+"?"+query.Encode(), nil)
	if IsStatus(err, http.StatusNotFound) {
		return nil
	}
	return err
}

func (c *Client) send(ctx context.Context, method, address string, content []byte) (_ []byte, err error) {
	request, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(content))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "application/json")
	if len(content) > 0 {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := c.http.Do(request)
	if err != nil {
		return nil, err // names method and URL
	}
	defer func() { err = errors.Join(err, response.Body.Close()) }()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxBody))
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", method, request.URL.Path, err)
	}
	if response.StatusCode < 200 || response.StatusCode > 299 {
		cause := &StatusError{Code: response.StatusCode, Message: message(body)}
		return nil, fmt.Errorf("%s %s: %w", method, request.URL.Path, cause)
	}
	return body, nil
}

// message finds the sentence in a Kubernetes Status, or takes the text as it is.
func message(body []byte) string {
	const limit = 1000
	var status struct {
		Message string `json:"message"`
	}
	if json.Unmarshal(body, &status) == nil && status.Message != "" {
		return status.Message
	}
	return string(body[:min(len(body), limit)])
}
