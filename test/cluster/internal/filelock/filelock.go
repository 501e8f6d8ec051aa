// Package filelock keeps two runs on one host from doing the same work at the same time.
package filelock

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const pollInterval = 100 * time.Millisecond

// Lock is held until Unlock, or until the process ends: the kernel drops it then, so that nobody
// ever has to remove a stale one.
type Lock struct {
	file *os.File
}

// Acquire waits for the lock on the file at path, which is created with its folder when missing.
// When it has to wait, it calls waiting once, with the pid of the holder or 0 if that is unknown.
func Acquire(ctx context.Context, path string, waiting func(holder int)) (*Lock, error) {
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	for {
		lock, err := TryAcquire(path)
		if lock != nil || err != nil {
			return lock, err
		}
		if waiting != nil {
			waiting(holder(path))
			waiting = nil
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return nil, fmt.Errorf("lock %s is held by pid %d: %w", path, holder(path), ctx.Err())
		}
	}
}

// TryAcquire returns nil without an error if the lock is held, by another process or by this one.
func TryAcquire(path string) (*Lock, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, fmt.Errorf("lock: %w", err)
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, fmt.Errorf("lock: %w", err)
	}
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) || (err == nil && !isAt(file, path)) {
		return nil, file.Close()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s: %w", path, err), file.Close())
	}
	// The pid is only for the message of those who wait.
	if err := file.Truncate(0); err == nil {
		_, _ = file.WriteAt([]byte(strconv.Itoa(os.Getpid())), 0)
	}
	return &Lock{file: file}, nil
}

// isAt tells whether the file is still what the path leads to, not one that its holder removed
// between our opening and our locking it.
func isAt(file *os.File, path string) bool {
	opened, err := file.Stat()
	if err != nil {
		return false
	}
	current, err := os.Stat(path)
	return err == nil && os.SameFile(opened, current)
}

// Unlock lets the next one in.
func (l *Lock) Unlock() error {
	return l.file.Close()
}

// Remove is Unlock for a lock that may not be needed again: it leaves no file behind.
func (l *Lock) Remove() error {
	return errors.Join(os.Remove(l.file.Name()), l.Unlock())
}

func holder(path string) int {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return 0
	}
	return pid
}
