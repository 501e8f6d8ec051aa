package stackstateexporter

import (
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelcol-stackstate/otelcol-stackstate/internal/topologylog"
)

// from copies the logs from a position on, that record included.
func from(logs plog.Logs, start topologylog.Position) plog.Logs {
	rest := plog.NewLogs()
	for i := start.Resource; i < logs.ResourceLogs().Len(); i++ {
		resource := logs.ResourceLogs().At(i)
		if i > start.Resource {
			resource.CopyTo(rest.ResourceLogs().AppendEmpty())
			continue
		}
		copied := rest.ResourceLogs().AppendEmpty()
		resource.Resource().CopyTo(copied.Resource())
		copied.SetSchemaUrl(resource.SchemaUrl())
		for j := start.Scope; j < resource.ScopeLogs().Len(); j++ {
			first := 0
			if j == start.Scope {
				first = start.Record
			}
			copyScope(resource.ScopeLogs().At(j), copied.ScopeLogs().AppendEmpty(), first)
		}
	}
	return rest
}

func copyScope(scope, to plog.ScopeLogs, first int) {
	scope.Scope().CopyTo(to.Scope())
	to.SetSchemaUrl(scope.SchemaUrl())
	records := scope.LogRecords()
	to.LogRecords().EnsureCapacity(records.Len() - first)
	for k := first; k < records.Len(); k++ {
		records.At(k).CopyTo(to.LogRecords().AppendEmpty())
	}
}
