package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/otelcol-stackstate/otelcol-stackstate/test/harness"
)

// lookPause is the time between two looks for changes: long enough for one line per change that
// a person makes.
const lookPause = 500 * time.Millisecond

// try are commands for the sample on the local cluster.
const try = `
Try
  export KUBECONFIG=%s PATH=%s:$PATH
  kubectl -n shop scale deployment cart --replicas=5
  kubectl -n shop rollout restart deployment frontend
  kubectl delete namespace shop-data
`

// show prints what arrived once it is complete, then every change until the context ends.
func (r *runner) show(ctx context.Context) error {
	intake := harness.FollowIntake(r.file)
	defer intake.Stop()
	began := time.Now()
	complete := harness.Eventually(ctx, snapshotTime, func() error {
		if err := r.alive(); err != nil {
			return harness.Final(err)
		}
		if intake.Snapshots() == 0 {
			return errors.New("no complete snapshot has arrived")
		}
		return nil
	})
	if err := errors.Join(ctx.Err(), r.alive()); err != nil {
		return err
	}
	if complete != nil {
		if r.once {
			return fmt.Errorf("%w; the collector's log is %s", complete, r.collector.Log)
		}
		r.say("\n%v. Its log tells why:\n  %s", complete, r.process.LogTail(3))
	}
	view, err := intake.View(r.clusterName)
	if err != nil && r.once {
		return err
	}
	r.say("\n%s\n%s\n%s", headline(view, time.Since(began)), table(view), r.whereToLook())
	if r.once {
		return nil
	}
	return r.follow(ctx, intake, view)
}

// follow prints what changes.
func (r *runner) follow(ctx context.Context, intake *harness.Intake, last harness.View) error {
	r.say("Changes show below. Ctrl-C stops everything.\n")
	ticker := time.NewTicker(lookPause)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			r.say("")
			return nil
		case <-ticker.C:
		}
		if err := r.alive(); err != nil {
			return err
		}
		view, err := intake.View(r.clusterName)
		if err != nil {
			continue // a snapshot is under way
		}
		if changed := changes(last, view); changed != "" {
			r.say("%s  %s", time.Now().Format(time.TimeOnly), changed)
			last = view
		}
	}
}

// alive fails if one of the collectors has ended.
func (r *runner) alive() error {
	for name, process := range map[string]*harness.Process{"collector": r.process, "stand-in": r.standIn} {
		if process == nil {
			continue
		}
		select {
		case <-process.Exited():
			return fmt.Errorf("the %s has ended; its log ends with\n%s", name, process.LogTail(10))
		default:
		}
	}
	return nil
}

func (r *runner) whereToLook() string {
	rows := [][2]string{
		{"what arrived", r.file},
		{"collector", r.collector.Log},
		{"its metrics", r.collector.Metrics},
		{"its queue", filepath.Join(r.dir, "collector", "storage")},
	}
	if r.standIn != nil {
		rows = append(rows, [2]string{"stand-in", r.standLog})
	} else {
		rows[0][0] = "what was sent"
	}
	text := "Where to look\n" + list(rows)
	if r.sample {
		text += fmt.Sprintf(try, r.kube.Kubeconfig, filepath.Dir(r.kube.Kubectl))
	}
	return text
}
