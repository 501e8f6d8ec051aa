// Package assembly turns the payloads of one topology instance into records.
//
// A payload lists components and relations apart, names deletions by id only, and may be one of several chunks of a
// snapshot. A record is a component with the complete list of the relations it carries. So an [Assembly] remembers what
// it was told and emits every component whose record differs:
//
//   - Outside of snapshots, each component the payload mentions, itself or by a relation it carries, is emitted.
//   - While a snapshot is open, what is new or changed is emitted at once, as an increment. What the snapshot has not
//     repeated yet stays: nothing is taken back before the snapshot is complete.
//   - At its stop the snapshot is emitted whole, between its start and stop records, every component once.
//
// A relation is emitted while both its ends exist; until then it waits.
package assembly
