package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
)

const (
	// MaxNodes is what one apiserver on a small machine bears, and less than there are addresses.
	MaxNodes = 5000

	// FakeSelector finds the nodes that KWOK plays the kubelet of.
	FakeSelector = "type=kwok"

	nodesPath  = "/api/v1/nodes"
	leasesPath = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"

	namePrefix  = "fake-"
	zones       = 3
	nodeWorkers = 16
	// notReadyTaint keeps pods away from a node for a moment after it became ready.
	notReadyTaint = "node.kubernetes.io/not-ready"
)

// firstNode is the address before that of the first node. Nobody listens at these addresses and
// nobody connects to them; they are not of 127.0.0.0/8 because Kubernetes refuses endpoints there.
var firstNode = netip.AddrFrom4([4]byte{10, 246, 0, 0})

type object map[string]any

// fakeNode returns the node with a number from 1 on. Its status is what KWOK leaves as it is.
func fakeNode(number int) object {
	name := namePrefix + strconv.Itoa(number)
	address := firstNode.As4()
	address[2], address[3] = byte(number>>8), byte(number)
	size := object{"cpu": "32", "memory": "256Gi", "pods": "110"}
	return object{
		"apiVersion": "v1",
		"kind":       "Node",
		"metadata": object{
			"name": name,
			"labels": object{
				"type":                        "kwok",
				"kubernetes.io/hostname":      name,
				"kubernetes.io/os":            "linux",
				"kubernetes.io/arch":          "amd64",
				"topology.kubernetes.io/zone": "zone-" + strconv.Itoa((number-1)%zones+1),
			},
		},
		"status": object{
			"capacity":    size,
			"allocatable": size,
			"addresses": []object{
				{"type": "InternalIP", "address": netip.AddrFrom4(address).String()},
				{"type": "Hostname", "address": name},
			},
		},
	}
}

type nodeList struct{ Items []node }

type node struct {
	Metadata struct{ Name string }
	Spec     struct {
		Taints []struct{ Key string }
	}
	Status struct {
		Conditions []struct{ Type, Status string }
	}
}

// number is that of a node we made, or 0.
func (n node) number() int {
	digits, found := strings.CutPrefix(n.Metadata.Name, namePrefix)
	number, err := strconv.Atoi(digits)
	if !found || err != nil {
		return 0
	}
	return number
}

// takesPods tells whether the scheduler places pods here.
func (n node) takesPods() bool {
	for _, taint := range n.Spec.Taints {
		if taint.Key == notReadyTaint {
			return false
		}
	}
	for _, condition := range n.Status.Conditions {
		if condition.Type == "Ready" {
			return condition.Status == "True"
		}
	}
	return false
}

func (c *Client) fakeNodes(ctx context.Context) ([]node, error) {
	var list nodeList
	query := url.Values{"labelSelector": {FakeSelector}}
	err := c.Get(ctx, nodesPath+"?"+query.Encode(), &list)
	return list.Items, err
}

// SetFakeNodes makes fake-1 to fake-<count> the fake nodes there are: it adds the missing and
// removes the superfluous, with their pods. Nodes with other names it leaves alone.
func (c *Client) SetFakeNodes(ctx context.Context, count int) error {
	present, err := c.fakeNodes(ctx)
	if err != nil {
		return fmt.Errorf("list fake nodes: %w", err)
	}
	existing := make(map[int]bool, len(present))
	var superfluous []string
	for _, node := range present {
		existing[node.number()] = true
		if node.number() > count {
			superfluous = append(superfluous, node.Metadata.Name)
		}
	}
	var missing []int
	for number := 1; number <= count; number++ {
		if !existing[number] {
			missing = append(missing, number)
		}
	}
	err = forEach(missing, func(number int) error { return c.addFakeNode(ctx, number) })
	return errors.Join(err, c.removeFakeNodes(ctx, superfluous))
}

func (c *Client) addFakeNode(ctx context.Context, number int) error {
	err := c.Create(ctx, nodesPath, fakeNode(number))
	if err != nil && !IsStatus(err, http.StatusConflict) {
		return fmt.Errorf("add fake node %d: %w", number, err)
	}
	return nil
}

// removeFakeNodes also removes their pods: without a kubelet nobody else would for a minute. All
// nodes go before the first pod, lest its successor is placed on one of them.
func (c *Client) removeFakeNodes(ctx context.Context, names []string) error {
	if len(names) == 0 {
		return nil
	}
	err := forEach(names, func(name string) error { return c.DeleteNow(ctx, nodePath(name)) })
	if err != nil {
		return fmt.Errorf("remove fake nodes: %w", err)
	}
	var pods struct {
		Items []struct {
			Metadata struct{ Namespace, Name string }
			Spec     struct{ NodeName string }
		}
	}
	if err := c.Get(ctx, "/api/v1/pods", &pods); err != nil {
		return fmt.Errorf("list pods: %w", err)
	}
	var orphans []string
	for _, pod := range pods.Items {
		if slices.Contains(names, pod.Spec.NodeName) {
			orphans = append(orphans, "/api/v1/namespaces/"+pod.Metadata.Namespace+"/pods/"+pod.Metadata.Name)
		}
	}
	if err := forEach(orphans, func(path string) error { return c.DeleteNow(ctx, path) }); err != nil {
		return fmt.Errorf("remove pods of fake nodes: %w", err)
	}
	return nil
}

// ReleaseFakeNodes takes the fake nodes from a KWOK that has ended. A new one would otherwise wait
// until the leases of the old one expire, and the nodes would be without a kubelet so long.
func (c *Client) ReleaseFakeNodes(ctx context.Context) error {
	nodes, err := c.fakeNodes(ctx)
	if err != nil {
		return fmt.Errorf("list fake nodes: %w", err)
	}
	err = forEach(nodes, func(node node) error { return c.DeleteNow(ctx, leasesPath+"/"+node.Metadata.Name) })
	if err != nil {
		return fmt.Errorf("release fake nodes: %w", err)
	}
	return nil
}

// FakeNodesReady returns nil when pods can run on all of the count fake nodes and a KWOK has taken
// charge of them: a Ready condition alone may be from one that has ended.
func (c *Client) FakeNodesReady(ctx context.Context, count int) error {
	nodes, err := c.fakeNodes(ctx)
	if err != nil {
		return err
	}
	var leases nodeList
	if err := c.Get(ctx, leasesPath, &leases); err != nil {
		return err
	}
	leased := make(map[string]bool, len(leases.Items))
	for _, lease := range leases.Items {
		leased[lease.Metadata.Name] = true
	}
	ready := 0
	for _, node := range nodes {
		wanted := node.number() >= 1 && node.number() <= count
		if wanted && node.takesPods() && leased[node.Metadata.Name] {
			ready++
		}
	}
	if ready < count {
		return fmt.Errorf("%d of %d ready", ready, count)
	}
	return nil
}

func nodePath(name string) string {
	return nodesPath + "/" + name
}

// forEach calls do for all items, some at the same time, and returns the errors.
func forEach[T any](items []T, do func(T) error) error {
	queue := make(chan T)
	var (
		wg   sync.WaitGroup
		mu   sync.Mutex // guards errs
		errs []error
	)
	for range min(nodeWorkers, len(items)) {
		wg.Go(func() {
			for item := range queue {
				if err := do(item); err != nil {
					mu.Lock()
					errs = append(errs, err)
					mu.Unlock()
				}
			}
		})
	}
	for _, item := range items {
		queue <- item
	}
	close(queue)
	wg.Wait()
	return errors.Join(errs...)
}
