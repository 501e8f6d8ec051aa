package stackstateprocessor

import (
	"encoding"
	"errors"
	"fmt"

	"go.opentelemetry.io/collector/confmap/xconfmap"
)

// ClusterType is the make of the cluster, as it shows in tags.
type ClusterType string

// The makes of cluster that StackState tells apart.
const (
	ClusterTypeKubernetes ClusterType = "kubernetes"
	ClusterTypeOpenShift  ClusterType = "openshift"
)

var (
	_ encoding.TextUnmarshaler = (*ClusterType)(nil)
	_ xconfmap.Validator       = (*Config)(nil)
)

// UnmarshalText accepts exactly the constants above.
func (t *ClusterType) UnmarshalText(text []byte) error {
	if t == nil {
		return errors.New("cannot unmarshal into a nil *ClusterType")
	}
	value := ClusterType(text)
	if err := value.check(); err != nil {
		return err
	}
	*t = value
	return nil
}

func (t ClusterType) check() error {
	if t != ClusterTypeKubernetes && t != ClusterTypeOpenShift {
		return fmt.Errorf("cluster_type must be %q or %q, got %q", ClusterTypeKubernetes, ClusterTypeOpenShift, t)
	}
	return nil
}

// Config is what a user can set on the StackState Processor.
type Config struct {
	// ClusterType is the value of the tag cluster-type and the first word of component-type.
	ClusterType ClusterType `mapstructure:"cluster_type"`
}

// Validate covers configurations that were not made from text.
func (cfg *Config) Validate() error { return cfg.ClusterType.check() }
