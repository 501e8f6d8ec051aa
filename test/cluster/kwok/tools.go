//go:build tools

// Package tools is never built: its import keeps KWOK in go.mod and go.sum, from which
// `go build sigs.k8s.io/kwok/cmd/kwok` takes it. The module is one of its own because KWOK v0.7.0
// needs older Kubernetes libraries than the cluster it works for.
package tools

import _ "sigs.k8s.io/kwok/cmd/kwok"
