//go:generate go tool -modfile=../../internal/tools/go.mod mdatagen metadata.yaml

// Package stackstatereceiver accepts what StackState agents send to the intake API and turns its topology into entity
// records.
package stackstatereceiver
