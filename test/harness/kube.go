package harness

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

// Kube is access to an API server, with the rights of a kubeconfig.
type Kube struct {
	kubernetes.Interface
	Kubeconfig string
	Kubectl    string // the kubectl program
}

// NewKube returns access by the given kubeconfig, or list of such as in $KUBECONFIG, without a limit
// on requests.
func NewKube(kubeconfig, kubectl string) (*Kube, error) {
	rules := &clientcmd.ClientConfigLoadingRules{Precedence: filepath.SplitList(kubeconfig)}
	config, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, nil).ClientConfig()
	if err != nil {
		return nil, err
	}
	config.QPS = -1
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	return &Kube{Interface: client, Kubeconfig: kubeconfig, Kubectl: kubectl}, nil
}

// Reachable tells whether the API server answers.
func (k *Kube) Reachable() error {
	_, err := k.Discovery().ServerVersion()
	return err
}

// Run runs kubectl and returns what it printed.
func (k *Kube) Run(ctx context.Context, stdin io.Reader, args ...string) (string, error) {
	var out, failure bytes.Buffer
	cmd := exec.CommandContext(ctx, k.Kubectl, args...)
	cmd.Env = append(os.Environ(), clientcmd.RecommendedConfigPathEnvVar+"="+k.Kubeconfig)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, &out, &failure
	if err := cmd.Run(); err != nil {
		return out.String(), fmt.Errorf("kubectl %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(failure.String()))
	}
	return out.String(), nil
}

// apply takes over fields that somebody changed since, such as the size of a deployment.
var apply = []string{"apply", "--server-side", "--force-conflicts", "-f"}

// Apply applies a manifest: a file, or a folder of files.
func (k *Kube) Apply(ctx context.Context, path string) error {
	_, err := k.Run(ctx, nil, append(slices.Clone(apply), path)...)
	return err
}

// ApplyText applies a manifest given as text.
func (k *Kube) ApplyText(ctx context.Context, manifest string) error {
	_, err := k.Run(ctx, strings.NewReader(manifest), append(slices.Clone(apply), "-")...)
	return err
}

// Objects are the API objects that topology is made of.
type Objects struct {
	Namespaces     []corev1.Namespace
	Nodes          []corev1.Node
	Pods           []corev1.Pod
	Services       []corev1.Service
	Deployments    []appsv1.Deployment
	ReplicaSets    []appsv1.ReplicaSet
	EndpointSlices []discoveryv1.EndpointSlice
}

// Objects lists what there is now, kind by kind: only while nothing changes do the kinds fit
// together.
func (k *Kube) Objects(ctx context.Context) (Objects, error) {
	all := metav1.ListOptions{}
	namespaces, err1 := k.CoreV1().Namespaces().List(ctx, all)
	nodes, err2 := k.CoreV1().Nodes().List(ctx, all)
	pods, err3 := k.CoreV1().Pods("").List(ctx, all)
	services, err4 := k.CoreV1().Services("").List(ctx, all)
	deployments, err5 := k.AppsV1().Deployments("").List(ctx, all)
	replicaSets, err6 := k.AppsV1().ReplicaSets("").List(ctx, all)
	slices, err7 := k.DiscoveryV1().EndpointSlices("").List(ctx, all)
	if err := errors.Join(err1, err2, err3, err4, err5, err6, err7); err != nil {
		return Objects{}, err
	}
	return Objects{
		Namespaces: namespaces.Items, Nodes: nodes.Items, Pods: pods.Items, Services: services.Items,
		Deployments: deployments.Items, ReplicaSets: replicaSets.Items, EndpointSlices: slices.Items,
	}, nil
}
