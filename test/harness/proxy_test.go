package harness

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestProxyBreaksAndMendsTheLine(t *testing.T) {
	t.Parallel()
	echo := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(w, r.Body)
	}))
	defer echo.Close()
	proxy, err := StartProxy(echo.URL)
	require.NoError(t, err)
	defer func() { require.NoError(t, proxy.Stop()) }()
	client := &http.Client{}
	defer client.CloseIdleConnections()
	post := func() (int, string, error) {
		response, err := client.Post(proxy.URL+"/in", "text/plain", strings.NewReader("payload"))
		if err != nil {
			return 0, "", err
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		return response.StatusCode, string(body), err
	}

	status, body, err := post()
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, "payload", body)

	proxy.Refuse()
	status, _, err = post()
	require.NoError(t, err)
	require.Equal(t, http.StatusServiceUnavailable, status)

	proxy.Cut()
	_, _, err = post()
	require.Error(t, err)
	require.Equal(t, int64(2), proxy.Broken())

	proxy.Hang()
	answered := make(chan int, 1)
	go func() {
		status, _, _ := post()
		answered <- status
	}()
	require.NoError(t, Eventually(t.Context(), time.Minute, func() error {
		if proxy.Broken() < 3 {
			return context.DeadlineExceeded
		}
		return nil
	}))
	require.Empty(t, answered)
	proxy.Open()
	require.Equal(t, http.StatusOK, <-answered)
}

func TestPortsAreNotHandedOutTwice(t *testing.T) {
	t.Parallel()
	var ports Ports
	seen := map[string]bool{}
	for range 50 {
		address, err := ports.Address()
		require.NoError(t, err)
		require.False(t, seen[address])
		seen[address] = true
	}
}
