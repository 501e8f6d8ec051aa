package process

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

// Record names one process for good. A pid alone does not: it is given to another process one
// day, at once after a restart of the machine.
type Record struct {
	PID int `json:"pid"`
	// StartTime is in clock ticks since the machine started, as in /proc/<pid>/stat.
	StartTime uint64 `json:"start_time"`
	// BootID changes with every start of the machine.
	BootID string `json:"boot_id"`
	// Command is the program and its arguments. It tells whether the process runs as it would
	// be started today.
	Command []string `json:"command"`
}

// Fields of /proc/<pid>/stat after the program name, which is the only one that may hold blanks.
const (
	statState     = 0
	statStartTime = 19
)

// identify makes the record of a living process.
func identify(pid int, command []string) (Record, error) {
	stat, err := readStat(pid)
	if err != nil {
		return Record{}, err
	}
	boot, err := bootID()
	if err != nil {
		return Record{}, err
	}
	return Record{PID: pid, StartTime: stat.startTime, BootID: boot, Command: command}, nil
}

// Alive reports whether the recorded process still runs. One that ended but was not waited for
// by its parent does not.
func (r Record) Alive() bool {
	if r.PID <= 0 {
		return false
	}
	boot, err := bootID()
	if err != nil || boot != r.BootID {
		return false
	}
	stat, err := readStat(r.PID)
	return err == nil && stat.startTime == r.StartTime && stat.state != 'Z' && stat.state != 'X'
}

type stat struct {
	state     byte
	startTime uint64
}

func readStat(pid int) (stat, error) {
	path := filepath.Join("/proc", strconv.Itoa(pid), "stat")
	content, err := os.ReadFile(path)
	if err != nil {
		return stat{}, fmt.Errorf("identify process: %w", err)
	}
	result, err := parseStat(content)
	if err != nil {
		return stat{}, fmt.Errorf("%s: %w", path, err)
	}
	return result, nil
}

func parseStat(content []byte) (stat, error) {
	// The program name is in parentheses and may hold some itself: the last one closes it.
	end := bytes.LastIndexByte(content, ')')
	if end < 0 {
		return stat{}, errors.New("no program name")
	}
	fields := bytes.Fields(content[end+1:])
	if len(fields) <= statStartTime {
		return stat{}, fmt.Errorf("only %d fields after the program name", len(fields))
	}
	startTime, err := strconv.ParseUint(string(fields[statStartTime]), 10, 64)
	if err != nil {
		return stat{}, fmt.Errorf("start time: %w", err)
	}
	return stat{state: fields[statState][0], startTime: startTime}, nil
}

func bootID() (string, error) {
	content, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return "", fmt.Errorf("identify machine start: %w", err)
	}
	return string(bytes.TrimSpace(content)), nil
}
