package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/otelcol-stackstate/otelcol-stackstate/test/harness"
)

func headline(v harness.View, after time.Duration) string {
	return fmt.Sprintf("Cluster %q: %d components and %d relations, %.1f s after the collector was ready",
		v.Cluster, len(v.Components), len(v.Relations), after.Seconds())
}

// table lists how many components and relations there are of each type, side by side.
func table(v harness.View) string {
	left, right := counts(v.ComponentCounts()), counts(v.RelationCounts())
	lines := []string{"  COMPONENTS\t\t  RELATIONS"}
	for i := range max(len(left), len(right)) {
		lines = append(lines, "  "+cells(left, i)+"\t  "+cells(right, i))
	}
	return "\n" + align(lines)
}

type count struct {
	name   string
	number int
}

// counts sorts by number, the largest first, then by name.
func counts(byName map[string]int) []count {
	var all []count
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		all = append(all, count{name, byName[name]})
	}
	slices.SortStableFunc(all, func(a, b count) int { return b.number - a.number })
	return all
}

// cells are the two cells of a row, empty below the end of the list.
func cells(list []count, row int) string {
	if row >= len(list) {
		return "\t"
	}
	return fmt.Sprintf("%s\t%5d", list[row].name, list[row].number)
}

// changes tells in one line how the numbers differ; empty if they do not.
func changes(before, after harness.View) string {
	old, now := before.ComponentCounts(), after.ComponentCounts()
	old["relations"], now["relations"] = len(before.Relations), len(after.Relations)
	names := maps.Clone(old)
	maps.Copy(names, now)
	var changed []string
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if old[name] != now[name] {
			changed = append(changed, fmt.Sprintf("%s %d → %d", name, old[name], now[name]))
		}
	}
	return strings.Join(changed, ", ")
}

// list prints rows of a name and a text.
func list(rows [][2]string) string {
	var lines []string
	for _, row := range rows {
		lines = append(lines, "  "+row[0]+"\t"+row[1])
	}
	return align(lines)
}

// align makes columns of what tabs separate, without spaces at the ends of lines.
func align(lines []string) string {
	var text, trimmed strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	_, _ = w.Write([]byte(strings.Join(lines, "\n") + "\n")) // into memory
	_ = w.Flush()
	for line := range strings.Lines(text.String()) {
		trimmed.WriteString(strings.TrimRight(line, " \n") + "\n")
	}
	return trimmed.String()
}
