package main

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"
)

func TestParseTakesDefaults(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		args string
		want options
	}{
		{"up --dir /a", options{command: "up", dir: "/a", nodes: 3, timeout: 2 * time.Minute}},
		{"up --dir /a --nodes 0 --timeout 10s", options{command: "up", dir: "/a", timeout: 10 * time.Second}},
		{"up -dir=/a -nodes=5000", options{command: "up", dir: "/a", nodes: 5000, timeout: 2 * time.Minute}},
		{"down --dir /a", options{command: "down", dir: "/a", timeout: 2 * time.Minute}},
		{"build", options{command: "build"}},
	} {
		t.Run(test.args, func(t *testing.T) {
			t.Parallel()
			got, err := parse(strings.Fields(test.args), &bytes.Buffer{})
			if err != nil || got != test.want {
				t.Errorf("got %+v, %v, want %+v", got, err, test.want)
			}
		})
	}
}

func TestParseNamesKeyRuleAndValue(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ args, want string }{
		{"up", "--dir must be given"},
		{"up --dir .cluster", `--dir must be an absolute path, got ".cluster"`},
		{"up --dir /a --nodes -1", "--nodes must be between 0 and 5000, got -1"},
		{"up --dir /a --nodes 5001", "--nodes must be between 0 and 5000, got 5001"},
		{"up --dir /a --timeout 0s", "--timeout must be positive, got 0s"},
		{"up --nodes -1", "--dir must be given\n--nodes must be between 0 and 5000, got -1"},
		{"down --dir /a extra", `down takes no arguments, got ["extra"]`},
		{"down", "--dir must be given"},
	} {
		t.Run(test.args, func(t *testing.T) {
			t.Parallel()
			_, err := parse(strings.Fields(test.args), &bytes.Buffer{})
			if err == nil || err.Error() != test.want {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}

func TestParseShowsUsage(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ args, want string }{
		{"", "go -C test/cluster run . up"},
		{"start", `no command "start"`},
		{"up --node 3", "-node"},
		{"up --nodes many", "many"},
		{"build --dir /a", "-dir"},
		{"down --nodes 3", "-nodes"},
		{"up -h", "go -C test/cluster run . down"},
	} {
		t.Run(test.args, func(t *testing.T) {
			t.Parallel()
			var stderr bytes.Buffer
			_, err := parse(strings.Fields(test.args), &stderr)
			if !errors.Is(err, errUsage) || !strings.Contains(stderr.String(), test.want) {
				t.Errorf("got %v, written: %s", err, stderr.String())
			}
		})
	}
}
