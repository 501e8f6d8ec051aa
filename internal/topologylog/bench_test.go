package topologylog

import (
	"testing"

	"go.opentelemetry.io/collector/pdata/plog"
)

// Figures are per record.

func BenchmarkEncode(b *testing.B) {
	record := podRecord()
	b.ReportAllocs()
	batch := NewBatch(source)
	for b.Loop() {
		if batch.Len() == 100 {
			batch = NewBatch(source)
		}
		if err := batch.Append(record, at, resolve); err != nil {
			b.Fatal(err)
		}
	}
	logs := logsOf(b, record, record)
	var sizer plog.ProtoMarshaler
	b.ReportMetric(float64(sizer.LogsSize(logs)-sizer.LogsSize(logsOf(b, record))), "wire-B/record")
}

func BenchmarkDecode(b *testing.B) {
	logs := logsOf(b, podRecord())
	b.ReportAllocs()
	for b.Loop() {
		for _, err := range Entries(logs) {
			if err != nil {
				b.Fatal(err)
			}
		}
	}
}
