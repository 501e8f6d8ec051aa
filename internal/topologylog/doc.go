// Package topologylog is the codec between topology records and OpenTelemetry logs: one log record
// per component in the format of entity events, with the relations the component carries inside.
// It is the only package that knows the attribute names; docs/model.md describes them.
//
// Decoding gives back what was encoded, but for these, which mean the same:
//   - Relations of a state come back empty, not nil; empty Removed and Labels come back nil.
//   - Numbers come back as int64 or float64, nil lists and maps inside Data as empty ones.
//   - The Cluster of a cluster is its Name, and a namespace has no Namespace: the semantic
//     conventions have one attribute for both.
//   - A deletion keeps the reference to the component and Removed, a snapshot record its id.
package topologylog
