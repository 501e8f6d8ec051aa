package controlplane

import (
	"fmt"
	"os"
	"strconv"

	"github.com/otelcol-stackstate/otelcol-stackstate/test/cluster/internal/api"
	"github.com/otelcol-stackstate/otelcol-stackstate/test/cluster/internal/build"
	"github.com/otelcol-stackstate/otelcol-stackstate/test/cluster/internal/process"
)

const (
	loopback = "127.0.0.1"

	serviceCIDR = "10.96.0.0/16"
	// apiServiceIP is the first of serviceCIDR, which the Service "kubernetes" always gets.
	apiServiceIP = "10.96.0.1"
	// Pods have addresses of 10.245.0.0/16, see podCIDR.
	firstPodRange = 245
	podRanges     = 100
	// advertised is the endpoint of the Service "kubernetes". It must not be of 127.0.0.0/8, and
	// nobody connects to it.
	advertised = "10.246.255.1"
	// spareNodeIP is for nodes without an address, which ours are not.
	spareNodeIP = "10.246.255.2"

	// clientRate lifts the limit of 20 requests a second, with which 5,000 pods take four minutes.
	clientRate  = "300"
	clientBurst = "600"
)

// The parts, named as the programs; logs and pid files have these names too.
const (
	etcd              = "etcd"
	apiServer         = "kube-apiserver"
	controllerManager = "kube-controller-manager"
	scheduler         = "kube-scheduler"
	kwok              = "kwok"
)

// startOrder is also the order of dependence: each needs some of those before it.
var startOrder = []string{etcd, apiServer, controllerManager, scheduler, kwok}

// part is one program of the control plane.
type part struct {
	name string
	args []string
	// ports are where it listens.
	ports []int
	// health is the URL that answers 2xx when it is ready; KWOK has none.
	health string
}

func etcdPart(l layout, p ports) part {
	client, peer := "http://"+address(p.Etcd), "http://"+address(p.EtcdPeer)
	return part{
		name:   etcd,
		ports:  []int{p.Etcd, p.EtcdPeer},
		health: client + "/health",
		args: []string{
			"--name=local",
			"--data-dir=" + l.etcd(),
			"--unsafe-no-fsync", // the data need not outlive the machine
			"--log-level=warn",
			"--listen-client-urls=" + client,
			"--advertise-client-urls=" + client,
			"--listen-peer-urls=" + peer,
			"--initial-advertise-peer-urls=" + peer,
			"--initial-cluster=local=" + peer,
		},
	}
}

func apiServerPart(l layout, p ports) part {
	return part{
		name:   apiServer,
		ports:  []int{p.APIServer},
		health: apiServerURL(p) + "/readyz",
		args: []string{
			"--etcd-servers=http://" + address(p.Etcd),
			"--bind-address=" + loopback,
			"--secure-port=" + strconv.Itoa(p.APIServer),
			"--advertise-address=" + advertised,
			"--service-cluster-ip-range=" + serviceCIDR,
			"--authorization-mode=Node,RBAC",
			"--enable-admission-plugins=NodeRestriction",
			"--allow-privileged=true",
			"--client-ca-file=" + l.pkiFile("ca.crt"),
			"--tls-cert-file=" + l.pkiFile("server.crt"),
			"--tls-private-key-file=" + l.pkiFile("server.key"),
			"--service-account-issuer=https://kubernetes.default.svc.cluster.local",
			"--service-account-key-file=" + l.pkiFile("sa.key"),
			"--service-account-signing-key-file=" + l.pkiFile("sa.key"),
			"--event-ttl=1h",
			// No node has an address of this type, so that `kubectl logs` of a fake pod fails here
			// instead of sending packets to the fake node's address, off this host.
			"--kubelet-preferred-address-types=InternalDNS",
		},
	}
}

func controllerManagerPart(l layout, p ports) part {
	return part{
		name:   controllerManager,
		ports:  []int{p.ControllerManager},
		health: "https://" + address(p.ControllerManager) + "/healthz",
		args: append(controllerArgs(l, controllerManager, p.ControllerManager),
			"--use-service-account-credentials",
			"--root-ca-file="+l.pkiFile("ca.crt"),
			"--service-account-private-key-file="+l.pkiFile("sa.key"),
			"--allocate-node-cidrs=false",
			// The default is a folder of the host's, and it would be created.
			"--flex-volume-plugin-dir="+l.volumePlugins(),
			"--node-monitor-grace-period=40s",
		),
	}
}

func schedulerPart(l layout, p ports) part {
	return part{
		name:   scheduler,
		ports:  []int{p.Scheduler},
		health: "https://" + address(p.Scheduler) + "/healthz",
		args:   controllerArgs(l, scheduler, p.Scheduler),
	}
}

func controllerArgs(l layout, name string, port int) []string {
	return []string{
		"--kubeconfig=" + l.pkiFile(name+".kubeconfig"),
		"--leader-elect=false",
		"--bind-address=" + loopback,
		"--secure-port=" + strconv.Itoa(port),
		"--tls-cert-file=" + l.pkiFile("server.crt"),
		"--tls-private-key-file=" + l.pkiFile("server.key"),
		"--kube-api-qps=" + clientRate,
		"--kube-api-burst=" + clientBurst,
	}
}

// kwokPart listens nowhere: it does so only with --server-address or --node-port.
func kwokPart(l layout, podRange int) part {
	return part{
		name: kwok,
		args: []string{
			"--kubeconfig=" + l.pkiFile(kwok+".kubeconfig"),
			"--manage-all-nodes=false",
			"--manage-nodes-with-label-selector=" + api.FakeSelector,
			"--cidr=" + podCIDR(podRange),
			"--node-ip=" + spareNodeIP,
			// Without leases the nodes are NotReady after the grace period of the controller manager.
			"--node-lease-duration-seconds=40",
			"--enable-crds=", // the stages are those built in, which only v0.7.0 and older have
		},
	}
}

// podCIDR returns the pods' network with their first address. A KWOK that starts anew does not know
// the addresses of the pods there are, and would give them away again: it gets the next range.
func podCIDR(podRange int) string {
	return fmt.Sprintf("10.%d.0.1/16", firstPodRange-podRange%podRanges)
}

// spec of the daemon. The environment is bare: etcd and KWOK would also take settings from there,
// and from the home folder.
func (p part) spec(l layout, binaries build.Binaries) process.Spec {
	return process.Spec{
		Path: binaries.Path(p.name),
		Args: p.args,
		Env:  []string{"HOME=" + l.dir, "PATH=" + os.Getenv("PATH"), "TMPDIR=" + os.TempDir()},
		Log:  l.log(p.name),
	}
}

func apiServerURL(p ports) string {
	return "https://" + address(p.APIServer)
}
