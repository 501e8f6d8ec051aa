package harness

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// The pauses between two attempts of Eventually, growing from the first to the last.
const (
	firstPause = 20 * time.Millisecond
	lastPause  = 400 * time.Millisecond
)

// Eventually repeats the check until it returns nil. When the context ends or the time is over it
// returns the error of the last attempt, which says what was still wrong.
func Eventually(ctx context.Context, within time.Duration, check func() error) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	began := time.Now()
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		err := check()
		if err == nil {
			return nil
		}
		var final *finalError
		if errors.As(err, &final) {
			return final.error
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return fmt.Errorf("not so after %s: %w", time.Since(began).Round(time.Millisecond), err)
		}
	}
}

// Final marks an error that further attempts of Eventually cannot mend.
func Final(err error) error { return &finalError{err} }

type finalError struct{ error }
