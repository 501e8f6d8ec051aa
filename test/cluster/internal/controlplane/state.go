package controlplane

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
)

// stateFormat changes when older folders cannot be read any more.
const stateFormat = 1

// state is what a cluster keeps over its restarts besides data and keys.
type state struct {
	Format int   `json:"format"`
	Ports  ports `json:"ports"`
	// PodRange counts the starts of KWOK after the first.
	PodRange int `json:"pod_range"`
}

// loadState returns nil without an error if there is no cluster yet.
func loadState(path string) (*state, error) {
	content, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("load state: %w", err)
	}
	var loaded state
	if err := json.Unmarshal(content, &loaded); err != nil {
		return nil, fmt.Errorf("load state: %s: %w", path, err)
	}
	if loaded.Format != stateFormat {
		return nil, fmt.Errorf("%s has format %d, want %d: end this cluster with `down` and start it anew", path, loaded.Format, stateFormat)
	}
	return &loaded, nil
}

func (s state) save(path string) error {
	content, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return fmt.Errorf("encode state: %w", err)
	}
	if err := writeFile(path, append(content, '\n')); err != nil {
		return fmt.Errorf("save state: %w", err)
	}
	return nil
}
