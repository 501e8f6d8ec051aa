//go:generate go tool -modfile=../../internal/tools/go.mod mdatagen metadata.yaml

// Package stackstateexporter sends topology to the intake API of StackState.
//
// Log records become payloads in their order (payloads.go), elements are encoded once (element.go), one request is in
// flight at a time (exporter.go). A snapshot is closed only if all of it arrived (snapshots.go), because closing it
// deletes what it did not contain.
package stackstateexporter
