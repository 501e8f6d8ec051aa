// Package topology is the domain of the distribution: components, the relations between them,
// their identities and their vocabulary. It is pure data; it knows neither Kubernetes nor
// OpenTelemetry nor a wire format, and uses the standard library only.
//
// Words: a component is a thing on the map, identified by a URN. A relation points from a source
// component to a target component and has a type. Every relation is carried by one of its ends,
// the shorter-lived one, so that the record of a component never grows with the cluster. A record
// is a component with the complete list of the relations it carries. An instance is one source of
// topology; records of different instances never touch each other. A snapshot is a complete picture
// of an instance, between a start and a stop; everything else is an increment.
package topology
