// Package harness is what the end-to-end tests and the local run are made of: a real control
// plane, collector processes of the built binary, a proxy that can break the line between them,
// and the comparison of what arrived with what the API server says.
//
// The expectation is computed from the API objects alone. It deliberately shares no code with the
// receivers, down to the URNs, so that a mistake there cannot hide here.
package harness
