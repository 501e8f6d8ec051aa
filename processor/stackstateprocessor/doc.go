//go:generate go tool -modfile=../../internal/tools/go.mod mdatagen metadata.yaml

// Package stackstateprocessor adds StackState's vocabulary to topology records.
package stackstateprocessor
