// Package e2e holds the tests of the built collector on a real API server. They see nothing of
// its code: a collector watches the cluster, a second one plays the intake, and what arrived there
// is compared with what the API server says.
//
// All tests share one control plane. Each has its own namespaces, cluster name, ports and
// folders, and its own pair of collectors.
package e2e
