package controlplane

import (
	"fmt"
	"math/rand/v2"
	"net"
	"path/filepath"
	"strconv"

	"github.com/otelcol-stackstate/otelcol-stackstate/test/cluster/internal/filelock"
)

// A cluster has a block of neighbouring ports. They lie below those that the kernel gives to
// outgoing connections (from 32768 on), one of which could otherwise sit on ours after a restart.
const (
	firstBlock = 20000
	lastBlock  = 32000
	blockSize  = 10
	// blockTries is plenty: a thousand blocks against a handful of clusters.
	blockTries = 200
)

type ports struct {
	Etcd              int `json:"etcd"`
	EtcdPeer          int `json:"etcd_peer"`
	APIServer         int `json:"kube_apiserver"`
	ControllerManager int `json:"kube_controller_manager"`
	Scheduler         int `json:"kube_scheduler"`
}

func (p ports) all() []int {
	return []int{p.Etcd, p.EtcdPeer, p.APIServer, p.ControllerManager, p.Scheduler}
}

func block(first int) ports {
	return ports{
		Etcd:              first,
		EtcdPeer:          first + 1,
		APIServer:         first + 2,
		ControllerManager: first + 3,
		Scheduler:         first + 4,
	}
}

// reservePorts finds free ports. Until the lock is given back, no other cluster takes the same
// ones; by then the programs should listen.
func reservePorts(locks string) (ports, *filelock.Lock, error) {
	for range blockTries {
		first := firstBlock + rand.IntN((lastBlock-firstBlock)/blockSize)*blockSize
		lock, err := filelock.TryAcquire(filepath.Join(locks, "ports-"+strconv.Itoa(first)))
		if err != nil {
			return ports{}, nil, err
		}
		if lock == nil {
			continue
		}
		found := block(first)
		if allFree(found.all()) {
			return found, lock, nil
		}
		if err := lock.Remove(); err != nil {
			return ports{}, nil, err
		}
	}
	return ports{}, nil, fmt.Errorf("no free ports between %d and %d after %d tries", firstBlock, lastBlock, blockTries)
}

func allFree(candidates []int) bool {
	for _, port := range candidates {
		if checkFree(port) != nil {
			return false
		}
	}
	return true
}

func checkFree(port int) error {
	listener, err := net.Listen("tcp", address(port))
	if err != nil {
		return err
	}
	return listener.Close()
}

func address(port int) string {
	return net.JoinHostPort(loopback, strconv.Itoa(port))
}
