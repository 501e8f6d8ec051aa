package assembly

import (
	"maps"

	"github.com/otelcol-stackstate/otelcol-stackstate/internal/intake"
	"github.com/otelcol-stackstate/otelcol-stackstate/internal/topology"
)

// Members of a component's data that have a place of their own in a component, and what is read besides.
const (
	dataName        = "name"
	dataTags        = "tags"
	dataIdentifiers = "identifiers"
	dataUID         = "uid"
	tagCluster      = "cluster-name"
	tagNamespace    = "namespace"
)

// identityAttribute identifies a component of which no UID is known.
const identityAttribute = "stackstate.external_id"

// convert reads what the payload says about a component. Members of the data that do not have the form expected of
// them stay in the data.
func convert(c intake.Component) topology.Component {
	component := topology.Component{
		Ref:              topology.Ref{ID: topology.URN(c.ExternalID), Type: c.Type.Name},
		SourceProperties: c.SourceProperties,
	}
	data := maps.Clone(c.Data)
	if name, isString := data[dataName].(string); isString && name != "" {
		component.Name = name
		delete(data, dataName)
	}
	if tags, ok := stringMap(data[dataTags]); ok {
		component.Tags = tags
		delete(data, dataTags)
	}
	if identifiers, ok := stringList(data[dataIdentifiers]); ok {
		component.Identifiers = identifiers
		delete(data, dataIdentifiers)
	}
	if len(data) > 0 {
		component.Data = data
	}
	component.Entity = entity(component)
	component.Cluster, component.Namespace = place(component)
	return component
}

// entity identifies the object behind a component: by its UID, under the name the semantic conventions give it, where
// the payload has one.
func entity(c topology.Component) topology.EntityID {
	uid, _ := c.Data[dataUID].(string)
	if metadata, ok := c.SourceProperties["metadata"].(map[string]any); ok && uid == "" {
		uid, _ = metadata[dataUID].(string)
	}
	if uid == "" || !topology.Known(c.Type) {
		return topology.NewEntityID(topology.Attribute{Key: identityAttribute, Value: string(c.ID)})
	}
	return topology.NewEntityID(topology.Attribute{Key: topology.EntityType(c.Type) + ".uid", Value: uid})
}

// place is the cluster and the namespace a component belongs to: what its identity says, else what its tags say.
func place(c topology.Component) (cluster, namespace string) {
	if parts, err := topology.Parse(c.ID); err == nil {
		return parts.Cluster, parts.Namespace
	}
	return c.Tags[tagCluster], c.Tags[tagNamespace]
}

func convertRelation(r intake.Relation) topology.Relation {
	relation := topology.Relation{Type: r.Type.Name, Source: topology.URN(r.SourceID), Target: topology.URN(r.TargetID)}
	if relation.ExternalID() != r.ExternalID {
		relation.ID = r.ExternalID
	}
	if len(r.Data) > 0 {
		relation.Data = r.Data
	}
	return relation
}

func stringMap(value any) (map[string]string, bool) {
	items, isMap := value.(map[string]any)
	if !isMap {
		return nil, false
	}
	values := make(map[string]string, len(items))
	for key, item := range items {
		text, isString := item.(string)
		if !isString {
			return nil, false
		}
		values[key] = text
	}
	return values, true
}

func stringList(value any) ([]string, bool) {
	items, isList := value.([]any)
	if !isList {
		return nil, false
	}
	values := make([]string, 0, len(items))
	for _, item := range items {
		text, isString := item.(string)
		if !isString {
			return nil, false
		}
		values = append(values, text)
	}
	return values, true
}
