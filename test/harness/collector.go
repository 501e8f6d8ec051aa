package harness

import (
	"net"
	"path/filepath"
)

// Folders and files that the shipped configurations use.
const (
	topologyFile = "topology.jsonl" // in INTAKE_DIR
	anyKey       = "local-stand-in" // the stand-in takes every key
)

// Collectors makes programs of the built collector with the shipped configurations. Each gets a
// folder and ports of its own, so that any number of them can run side by side.
type Collectors struct {
	Root   string // folder of the repository
	Binary string
	Ports  *Ports
}

// Collector is a program with what its owner needs to know about it.
type Collector struct {
	Program
	Metrics string // URL of its own metrics
}

// StandIn is the collector as intake.
type StandIn struct {
	Collector
	URL  string // where to send
	File string // what arrived, for FollowIntake
}

// StandIn returns a stand-in intake that listens on the address, and writes to the folder.
func (c *Collectors) StandIn(dir, address string) (StandIn, error) {
	collector, err := c.collector("intake", dir, map[string]string{"INTAKE_ENDPOINT": address, "INTAKE_DIR": dir})
	return StandIn{collector, "http://" + address, filepath.Join(dir, topologyFile)}, err
}

// Source is what a standalone collector watches and where it sends.
type Source struct {
	Cluster    string // its name
	Kubeconfig string
	URL, Key   string // of the intake; the key may be empty for the stand-in
	// More are further configuration files, merged in order.
	More []string
}

// Standalone returns a collector that sends a cluster's topology.
func (c *Collectors) Standalone(dir string, source Source) (Collector, error) {
	key := source.Key
	if key == "" {
		key = anyKey
	}
	return c.collector("standalone", dir, map[string]string{
		"CLUSTER_NAME":       source.Cluster,
		"KUBECONFIG":         source.Kubeconfig,
		"STACKSTATE_URL":     source.URL,
		"STACKSTATE_API_KEY": key,
		"STORAGE_DIR":        filepath.Join(dir, "storage"),
	}, source.More...)
}

func (c *Collectors) collector(config, dir string, env map[string]string, more ...string) (Collector, error) {
	health, err := c.Ports.Address()
	if err != nil {
		return Collector{}, err
	}
	metrics, err := c.Ports.Address()
	if err != nil {
		return Collector{}, err
	}
	host, port, err := net.SplitHostPort(metrics)
	if err != nil {
		return Collector{}, err
	}
	env["HEALTH_ENDPOINT"], env["METRICS_HOST"], env["METRICS_PORT"] = health, host, port
	var args []string
	for _, file := range append([]string{filepath.Join(c.Root, "deploy", "config", config+".yaml")}, more...) {
		args = append(args, "--config", file)
	}
	return Collector{
		Program: Program{Path: c.Binary, Args: args, Env: env, Log: filepath.Join(dir, config+".log"), Ready: "http://" + health},
		Metrics: "http://" + metrics + "/metrics",
	}, nil
}
