//go:generate go tool -modfile=../../internal/tools/go.mod mdatagen metadata.yaml

// Package k8stopologyreceiver watches a Kubernetes cluster and emits its topology as entity records.
package k8stopologyreceiver
