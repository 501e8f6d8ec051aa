package harness

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestEventuallyRepeatsUntilItHolds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		attempts := 0
		require.NoError(t, Eventually(t.Context(), time.Minute, func() error {
			if attempts++; attempts < 10 {
				return errors.New("not yet")
			}
			return nil
		}))
		require.Equal(t, 10, attempts)
	})
}

func TestEventuallyReportsTheLastError(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		last := errors.New("first")
		err := Eventually(t.Context(), time.Second, func() error {
			defer func() { last = errors.New("a later one") }()
			return last
		})
		require.ErrorContains(t, err, "not so after 1s: a later one")
	})
}

func TestEventuallyEndsWithTheContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	err := Eventually(ctx, time.Hour, func() error {
		cancel()
		return errors.New("still wrong")
	})
	require.ErrorContains(t, err, "still wrong")
}

func TestEventuallyGivesUpOnAFinalError(t *testing.T) {
	t.Parallel()
	attempts := 0
	err := Eventually(t.Context(), time.Hour, func() error {
		attempts++
		return Final(errors.New("broken for good"))
	})
	require.EqualError(t, err, "broken for good")
	require.Equal(t, 1, attempts)
}
