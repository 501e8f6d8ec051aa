// Package intake holds the wire format of StackState's intake API and the rules a payload must satisfy.
//
// It is pure: it reads and writes bytes that others received or will send, and knows neither HTTP nor pdata.
//
//   - [Payload] and what it holds are the JSON objects, with the names the API gives them.
//   - [Chunk] assembles one request body from elements that were encoded once, so that a sender can bound a body by
//     bytes and by elements without encoding anything twice.
//   - [Check] reads a body and reports each rule it breaks.
//   - [Stream] applies the rules that span several payloads of one topology instance.
//
// Rules are named by a letter and a number, R for the request and T for topology; the README of the stackstate receiver
// lists them.
package intake
