package intake

import (
	"strings"
)

// maxTopicName is what Kafka allows as the name of a topic; the server keeps one topic per instance.
const maxTopicName = 249

func (c *checker) topology(at *path, raw []byte) Topology {
	value, err := decodeTree(raw)
	entry, isObject := value.(object)
	if err != nil || !isObject {
		c.add("R8", Reject, at, "Expected an object")
		return Topology{}
	}
	topology := Topology{
		StartSnapshot: c.flag(at, entry, "start_snapshot"),
		StopSnapshot:  c.flag(at, entry, "stop_snapshot"),
		Instance:      c.instance(at, entry),
		DeleteIDs:     c.deleteIDs(at, entry),
	}
	components := c.list(at, entry, "components")
	inComponents := at.member("components")
	for i, item := range components {
		if component := c.component(inComponents.item(i), item, topology.Instance); !c.rejects {
			topology.Components = append(topology.Components, component)
		}
	}
	relations := c.list(at, entry, "relations")
	inRelations := at.member("relations")
	for i, item := range relations {
		if relation := c.relation(inRelations.item(i), item); !c.rejects {
			topology.Relations = append(topology.Relations, relation)
		}
	}
	c.elements += len(components) + len(relations) + len(topology.DeleteIDs)
	return topology
}

func (c *checker) instance(at *path, entry object) Instance {
	const name = "instance"
	value, present := entry[name]
	if !present {
		c.add("T1", Reject, at, missing(name))
		return Instance{}
	}
	at = at.member(name)
	fields, isObject := value.(object)
	if !isObject {
		c.add("T1", Reject, at, "Expected an object")
		return Instance{}
	}
	instance := Instance{Type: c.text("T1", at, fields, "type"), URL: c.text("T1", at, fields, "url")}
	topic := topicName(instance)
	if strings.ContainsFunc(topic, notInTopicName) {
		c.add("T2", Warning, at, "Type or url holds characters that a topic name cannot hold")
	}
	if len(topic) > maxTopicName {
		c.add("T2", Warning, at, "Type and url make a topic name of more than 249 characters")
	}
	return instance
}

// topicName is the name of the server's Kafka topic for an instance.
func topicName(instance Instance) string {
	return "sts_topo_" + strings.NewReplacer("/", "_", ":", "_").Replace(instance.Type+"_"+instance.URL)
}

func notInTopicName(r rune) bool {
	return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._-", r))
}

func (c *checker) flag(at *path, entry object, name string) bool {
	value, present := entry[name]
	flag, isBool := value.(bool)
	if present && !isBool {
		c.add("T4", Reject, at.member(name), "Expected a boolean")
	}
	return flag
}

// list reads a required list.
func (c *checker) list(at *path, entry object, name string) []any {
	value, present := entry[name]
	if !present {
		c.add("T3", Reject, at, missing(name))
		return nil
	}
	items, isList := value.([]any)
	if !isList {
		c.add("T3", Reject, at.member(name), "Expected a list")
	}
	return items
}

func (c *checker) deleteIDs(at *path, entry object) []string {
	const name = "delete_ids"
	value, present := entry[name]
	if !present {
		return nil
	}
	items, isList := value.([]any)
	if !isList {
		c.add("T3", Reject, at.member(name), "Expected a list")
		return nil
	}
	ids := make([]string, 0, len(items))
	for i, item := range items {
		id, isString := item.(string)
		if !isString {
			c.add("T3", Reject, at.member(name).item(i), "Expected a string")
			continue
		}
		ids = append(ids, id)
	}
	return ids
}

func (c *checker) component(at *path, value any, instance Instance) Component {
	fields, isObject := value.(object)
	if !isObject {
		c.add("T5", Reject, at, "Expected an object")
		return Component{}
	}
	component := Component{
		ExternalID: c.text("T5", at, fields, "externalId"),
		Type:       c.typeOf("T5", Components, at, fields),
		Data:       c.data("T5", at, fields),
	}
	if properties, present := fields["sourceProperties"]; present && properties != nil {
		component.SourceProperties, isObject = properties.(object)
		if !isObject {
			c.add("T5", Reject, at.member("sourceProperties"), "Expected an object or null")
		}
	}
	data := c.plain(at, component.Data, component.SourceProperties)
	if component.Data != nil {
		c.componentData(at.member("data"), component, instance)
	}
	if data.mixed {
		c.add("T12", Reject, at.member("data"), "Holds a list whose items are of several types")
	}
	return component
}

func (c *checker) relation(at *path, value any) Relation {
	fields, isObject := value.(object)
	if !isObject {
		c.add("T6", Reject, at, "Expected an object")
		return Relation{}
	}
	relation := Relation{
		ExternalID: c.text("T6", at, fields, "externalId"),
		Type:       c.typeOf("T6", Relations, at, fields),
		SourceID:   c.text("T6", at, fields, "sourceId"),
		TargetID:   c.text("T6", at, fields, "targetId"),
		Data:       c.data("T6", at, fields),
	}
	c.plain(at, relation.Data, nil)
	return relation
}

// plain turns the numbers of an element into Go's and returns what it saw in the data.
func (c *checker) plain(at *path, data, sourceProperties object) tree {
	var inData, inProperties tree
	inData.plain(data)
	inProperties.plain(sourceProperties)
	if inData.outOfRange || inProperties.outOfRange {
		c.add("R5", Reject, at, "Holds a number out of range")
	}
	if inData.size+inProperties.size > MaxElementBytes {
		c.add("R9", Warning, at, "Element is larger than 1 MB")
	}
	return inData
}

// text reads a required string that must not be empty.
func (c *checker) text(rule string, at *path, fields object, name string) string {
	value, present := fields[name]
	if !present {
		c.add(rule, Reject, at, missing(name))
		return ""
	}
	text, _ := value.(string)
	if text == "" {
		c.add(rule, Reject, at.member(name), "Expected a non-empty string")
	}
	return text
}

func (c *checker) typeOf(rule string, section Section, at *path, fields object) Type {
	const name = "type"
	value, present := fields[name]
	if !present {
		c.add(rule, Reject, at, missing(name))
		return Type{}
	}
	at = at.member(name)
	members, isObject := value.(object)
	if !isObject {
		c.add(rule, Reject, at, "Expected an object with the member 'name'")
		return Type{}
	}
	typ := Type{Name: c.text(rule, at, members, "name")}
	c.typeCase(section, at, typ.Name)
	return typ
}

// typeCase notes type names that differ only by case: the server tells them apart by their lower-case form.
func (c *checker) typeCase(section Section, at *path, name string) {
	if c.types[section] == nil {
		c.types[section] = map[string]string{}
	}
	lower := strings.ToLower(name)
	if first, seen := c.types[section][lower]; seen && first != name {
		c.add("T14", Advice, at.member("name"), "Type names differ only by case")
		return
	}
	c.types[section][lower] = name
}

func (c *checker) data(rule string, at *path, fields object) object {
	const name = "data"
	value, present := fields[name]
	if !present {
		c.add(rule, Reject, at, missing(name))
		return nil
	}
	data, isObject := value.(object)
	if !isObject {
		c.add(rule, Reject, at.member(name), "Expected an object")
	}
	return data
}
