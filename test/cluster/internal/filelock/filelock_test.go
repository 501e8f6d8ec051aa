package filelock

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestSecondWaitsUntilFirstUnlocks(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "missing", "lock")
	first, err := Acquire(t.Context(), path, nil)
	if err != nil {
		t.Fatal(err)
	}

	holders := make(chan int, 1)
	type result struct {
		lock *Lock
		err  error
	}
	results := make(chan result, 1)
	go func() {
		lock, err := Acquire(t.Context(), path, func(holder int) { holders <- holder })
		results <- result{lock, err}
	}()
	if holder := <-holders; holder != os.Getpid() {
		t.Errorf("holder is pid %d, want %d", holder, os.Getpid())
	}
	select {
	case <-results:
		t.Fatal("second got the lock while the first holds it")
	default:
	}
	if err := first.Unlock(); err != nil {
		t.Fatal(err)
	}
	second := <-results
	if second.err != nil {
		t.Fatal(second.err)
	}
	if err := second.lock.Unlock(); err != nil {
		t.Fatal(err)
	}
}

func TestTryAcquireDoesNotWait(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lock")
	first, err := TryAcquire(path)
	if err != nil || first == nil {
		t.Fatalf("got %v, %v for a free lock", first, err)
	}
	defer func() { _ = first.Unlock() }()
	if second, err := TryAcquire(path); second != nil || err != nil {
		t.Errorf("got %v, %v for a held lock, want nothing", second, err)
	}
}

func TestAcquireEndsWithItsContext(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lock")
	first, err := Acquire(t.Context(), path, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = first.Unlock() }()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Acquire(ctx, path, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
}

func TestRemovedLockIsNotTaken(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lock")
	first, err := TryAcquire(path)
	if err != nil {
		t.Fatal(err)
	}
	opened, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = opened.Close() }()
	if !isAt(opened, path) {
		t.Error("the file is not at its own path")
	}
	if err := first.Remove(); err != nil {
		t.Fatal(err)
	}
	second, err := TryAcquire(path)
	if err != nil || second == nil {
		t.Fatalf("got %v, %v for a lock that was removed", second, err)
	}
	defer func() { _ = second.Unlock() }()
	if isAt(opened, path) {
		t.Error("whoever opened the removed file would hold a second lock")
	}
}
