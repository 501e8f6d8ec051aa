package intake

import (
	"bytes"
	"encoding/json"
	"strconv"
)

// object is a JSON object as it came: members are matched by their exact names.
type object = map[string]any

// decodeTree reads JSON that is known to be valid. Numbers stay as they were written, see [tree.plain].
func decodeTree(raw []byte) (any, error) {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var value any
	err := decoder.Decode(&value)
	return value, err
}

// tree turns decoded values into plain ones and notes what it sees on the way.
type tree struct {
	size       int  // roughly the bytes the values take as JSON
	outOfRange bool // a number no float64 can hold
	mixed      bool // a list with items of several types
}

// plain replaces numbers by int64 where they are written as integers that fit, else by float64. It works in place.
func (t *tree) plain(value any) any {
	switch v := value.(type) {
	case string:
		t.size += len(v) + len(`"",`)
	case json.Number:
		t.size += len(v) + 1
		return t.number(v)
	case object:
		t.size += len("{},")
		for key, item := range v {
			t.size += len(key) + len(`"":`)
			v[key] = t.plain(item)
		}
	case []any:
		t.size += len("[],")
		t.list(v)
	default: // true, false, null
		t.size += len("true,")
	}
	return value
}

// list replaces the items of a list. Null goes with every type.
func (t *tree) list(items []any) {
	var listType string
	for i, item := range items {
		items[i] = t.plain(item)
		if item == nil {
			continue
		}
		itemType := typeName(items[i])
		t.mixed = t.mixed || listType != "" && itemType != listType
		listType = itemType
	}
}

func (t *tree) number(literal json.Number) any {
	if whole, err := strconv.ParseInt(string(literal), 10, 64); err == nil && literal != "-0" {
		return whole
	}
	float, err := literal.Float64()
	t.outOfRange = t.outOfRange || err != nil
	return float
}

// typeName is the JSON type of a value; integers and floats are both numbers.
func typeName(value any) string {
	switch value.(type) {
	case nil:
		return "null"
	case string:
		return "string"
	case bool:
		return "boolean"
	case object:
		return "object"
	case []any:
		return "list"
	default:
		return "number"
	}
}
