package intake

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

const maxLabel = 200

// identifierPattern is the documented form of an identifier that merges components across instances.
var identifierPattern = regexp.MustCompile(`^urn:[a-z0-9][a-z0-9-]{0,31}:[a-z0-9()+,\-.:=@;$_!*'%/?#]+$`)

// mapTags are the instance types whose server-side templates read `tags` as a map.
var mapTags = []string{"kubernetes", "opentelemetry"}

// componentData checks the members of `data` that the server's stock templates read.
func (c *checker) componentData(at *path, component Component, instance Instance) {
	data := component.Data
	if name, _ := data["name"].(string); name == "" {
		c.add("T10", Warning, at.member("name"), "Expected a non-empty string")
	}
	for _, name := range []string{"layer", "domain", "environment", "version", "description"} {
		if value, present := data[name]; present && typeName(value) != "string" {
			c.add("T10", Warning, at.member(name), "Expected a string")
		}
	}
	if identifiers, present := data["identifiers"]; present {
		c.identifiers(at.member("identifiers"), identifiers, component.ExternalID)
	}
	if labels, present := data["labels"]; present {
		c.labels(at.member("labels"), labels)
	}
	if tags, present := data["tags"]; present {
		c.tags(at.member("tags"), tags, instance)
	}
}

func (c *checker) identifiers(at *path, value any, externalID string) {
	items, isList := value.([]any)
	if !isList {
		c.add("T11", Warning, at, "Expected a list of non-empty strings")
		return
	}
	for i, item := range items {
		identifier, _ := item.(string)
		if identifier == "" {
			c.add("T11", Warning, at.item(i), "Expected a non-empty string")
		} else if !identifierPattern.MatchString(identifier) {
			c.add("T11", Advice, at.item(i), "Identifier is not of the documented form urn:<kind>:<rest>")
		}
	}
	if !slices.Contains(items, any(externalID)) {
		c.add("T11", Advice, at, "Identifiers do not repeat the external id")
	}
}

func (c *checker) labels(at *path, value any) {
	items, isList := value.([]any)
	if !isList {
		c.add("T12", Reject, at, "Expected a list of strings")
		return
	}
	for i, item := range items {
		label, isString := item.(string)
		switch first, _ := utf8.DecodeRuneInString(label); {
		case !isString:
			c.add("T12", Reject, at.item(i), "Expected a string")
		case utf8.RuneCountInString(label) > maxLabel:
			c.add("T13", Warning, at.item(i), "Label is longer than 200 characters")
		case !unicode.IsLetter(first):
			c.add("T13", Warning, at.item(i), "Label does not start with a letter")
		case strings.HasSuffix(label, ":"):
			c.add("T13", Warning, at.item(i), "Label ends in a colon")
		}
	}
}

func (c *checker) tags(at *path, value any, instance Instance) {
	switch tags := value.(type) {
	case []any:
		for i, item := range tags {
			if typeName(item) != "string" {
				c.add("T12", Reject, at.item(i), "Expected a string")
			}
		}
		if slices.Contains(mapTags, instance.Type) {
			c.add("T12", Warning, at, "Instances of this type are read with tags as a map")
		}
	case object:
		for _, item := range tags {
			if typeName(item) != "string" {
				c.add("T12", Reject, at, "Expected a map of strings")
			}
		}
	default:
		c.add("T12", Reject, at, "Expected a list of strings or a map of strings")
	}
}
