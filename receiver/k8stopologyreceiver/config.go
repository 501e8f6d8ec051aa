package k8stopologyreceiver

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/collector/component"

	"github.com/otelcol-stackstate/otelcol-stackstate/internal/kube"
	"github.com/otelcol-stackstate/otelcol-stackstate/receiver/k8stopologyreceiver/internal/kind"
)

// Bounds of the intervals.
const (
	minFlushInterval    = 10 * time.Millisecond
	minSnapshotInterval = time.Second
)

// Config is what a user can set on the Kubernetes Topology Receiver.
type Config struct {
	kube.APIConfig `mapstructure:",squash"`
	// ClusterName is the name of the cluster in identities and tags.
	ClusterName string `mapstructure:"cluster_name"`
	// FlushInterval is the longest time a change waits for others to go out with.
	FlushInterval time.Duration `mapstructure:"flush_interval"`
	// SnapshotInterval is the time between complete pictures.
	SnapshotInterval time.Duration `mapstructure:"snapshot_interval"`
	// K8sLeaderElector is the k8s_leader_elector extension that says when to watch; without one
	// the receiver always does.
	K8sLeaderElector *component.ID `mapstructure:"k8s_leader_elector"`
	// Kinds overrides the settings of single kinds, by name.
	Kinds map[string]KindConfig `mapstructure:"kinds"`
	// prevent unkeyed literal initialization
	_ struct{}
}

// KindConfig is what can be set per kind.
type KindConfig struct {
	// Enabled says whether the kind is watched; not set means yes.
	Enabled *bool `mapstructure:"enabled"`
}

// Validate reports everything that is wrong with the configuration.
func (cfg *Config) Validate() error {
	var errs []error
	if strings.TrimSpace(cfg.ClusterName) == "" {
		errs = append(errs, errors.New("cluster_name must not be empty"))
	}
	if cfg.FlushInterval < minFlushInterval {
		errs = append(errs, fmt.Errorf("flush_interval must be at least %s, got %s", minFlushInterval, cfg.FlushInterval))
	}
	if cfg.SnapshotInterval < minSnapshotInterval {
		errs = append(errs, fmt.Errorf("snapshot_interval must be at least %s, got %s", minSnapshotInterval, cfg.SnapshotInterval))
	}
	var known []string
	for _, k := range kind.All() {
		known = append(known, k.Name)
	}
	for _, name := range slices.Sorted(maps.Keys(cfg.Kinds)) {
		if !slices.Contains(known, name) {
			errs = append(errs, fmt.Errorf("kinds: must be among %s, got %q", strings.Join(known, ", "), name))
		}
	}
	return errors.Join(errs...)
}

// enabled lists the kinds to watch.
func (cfg *Config) enabled() []kind.Kind {
	return slices.DeleteFunc(kind.All(), func(k kind.Kind) bool {
		enabled := cfg.Kinds[k.Name].Enabled
		return enabled != nil && !*enabled
	})
}
